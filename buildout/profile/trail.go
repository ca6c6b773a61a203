package profile

// maxHistory is how many settings History returns: the newest ones. A file that
// several paths lead to counts once for each in zc.buildout's rules, so that a
// history may have any length.
const maxHistory = 256

// trail is the history of a value: an immutable sequence of settings, which
// values share. It is `older`, and behind it either one setting or the settings
// of another trail.
type trail struct {
	older   *trail
	setting *Setting
	newer   *trail
	// via is the entry of `extends` by which the files of newer are reached from
	// the file whose trail this is, or "" when it is the same file.
	via string
	n   int // settings in all
}

// maxCount bounds the number of settings that is counted.
const maxCount = 1 << 50

func (t *trail) count() int {
	if t == nil {
		return 0
	}
	return t.n
}

// with returns t and one more setting.
func (t *trail) with(s Setting) *trail {
	return &trail{older: t, setting: &s, n: min(t.count()+1, maxCount)}
}

// then returns t and behind it the settings of u.
func (t *trail) then(u *trail) *trail {
	switch {
	case u == nil:
		return t
	case t == nil:
		return u
	case u.older == nil && u.setting != nil:
		return &trail{older: t, setting: u.setting, n: min(t.n+1, maxCount)}
	case u.older == nil:
		return &trail{older: t, newer: u.newer, via: u.via, n: min(t.n+u.n, maxCount)}
	}
	return &trail{older: t, newer: u, n: min(t.n+u.n, maxCount)}
}

// reached returns t as it is seen from a file that extends the one of t.
func (t *trail) reached(via string) *trail {
	if t == nil || via == "" {
		return t
	}
	if t.older == nil && t.via != "" {
		return &trail{newer: t.newer, via: treeName(baseOf(via), t.via), n: t.n}
	}
	return &trail{newer: t, via: via, n: t.n}
}

// newest calls yield for the settings, the newest first, until it returns
// false. file is the name of the file whose trail this is.
func (t *trail) newest(file string, yield func(Setting) bool) bool {
	for ; t != nil; t = t.older {
		if t.setting == nil {
			name := file
			if t.via != "" {
				name = treeName(baseOf(file), t.via)
			}
			if !t.newer.newest(name, yield) {
				return false
			}
			continue
		}
		s := *t.setting
		if s.own && file != "" {
			s.Source, s.own = file, false
		}
		if !yield(s) {
			return false
		}
	}
	return true
}

// last is the newest setting.
func (t *trail) last() Setting {
	var last Setting
	t.newest("", func(s Setting) bool {
		last = s
		return false
	})
	return last
}

// lastOp is the operation of the newest setting.
func (t *trail) lastOp() Op {
	for t.setting == nil {
		t = t.newer
	}
	return t.setting.Op
}
