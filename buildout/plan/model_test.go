package plan

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// model decides as the documentation says, in the plainest way: the identity of
// a part is the text of all that it was made from.
type model struct {
	parts []*modelPart // a part needs only parts before it
	tool  string
	ids   map[string]string // short names of identities
}

type modelPart struct {
	name, kind, version string
	files, needs        []string

	installed, known bool // known: the manifest has an entry
	options          string
	inputs           map[string]string // contents by name
	needed           map[string]string // identities
	builtBy, id      string
	missing          bool // an installed file is gone

	anew       bool              // the decision
	now        string            // identity after the decision
	comparable bool              // what needs it may compare
	same       bool              // nothing that counts has changed since it was installed
	changed    bool              // it takes its sources anew, and they changed
	in         bool              // takes part in this run
	seen       map[string]string // identities of needs; "" is that of one done before in this run
}

func (p *modelPart) text() string {
	return fmt.Sprint(p.kind, p.version, p.files, p.needs)
}

func (m *model) part(name string) *modelPart {
	for _, p := range m.parts {
		if p.name == name {
			return p
		}
	}
	return nil
}

// identity is that of a part made from these contents.
func (m *model) identity(p *modelPart, inputs map[string]string, needed map[string]string, tool string) string {
	text := fmt.Sprint(p.name, p.text(), inputs) // maps print sorted
	if p.kind == "make" {
		text += fmt.Sprint(needed, tool)
	}
	if m.ids[text] == "" {
		m.ids[text] = fmt.Sprint("id", len(m.ids))
	}
	return m.ids[text]
}

// run decides about all parts in the order of the run and then installs them.
func (m *model) run(s *stand, order []string) (anew []string) {
	for _, p := range m.parts {
		p.in, p.anew, p.changed, p.now, p.comparable = false, false, false, p.id, p.installed && p.known
	}
	named := len(order) < len(m.parts)
	for _, name := range order {
		p := m.part(name)
		m.decide(s, p, named)
		p.in = true
		if p.anew {
			anew = append(anew, name)
		}
	}
	for _, name := range order {
		m.install(s, m.part(name))
	}
	return anew
}

func (m *model) decide(s *stand, p *modelPart, named bool) {
	inputs, same := map[string]string{}, true
	if p.known {
		for name, was := range p.inputs {
			inputs[name] = was
			if f, ok := s.files[name]; ok {
				inputs[name] = f.content
			}
			if inputs[name] != was {
				same = false
			}
		}
	}
	p.changed = !same && p.kind == "copy"
	p.anew = !p.installed || p.options != p.text() || !same && p.kind != "copy"
	needed := map[string]string{}
	p.seen = map[string]string{}
	for _, name := range p.needs {
		d := m.part(name)
		if !d.in && !(named && d.installed && d.known) {
			continue
		}
		needed[name] = d.now
		if p.seen[name] = d.now; d.in {
			p.seen[name] = "" // known when it is done
		}
		was, had := p.needed[name]
		if p.kind == "make" && p.known && had && d.comparable && was != d.now {
			p.anew = true
		}
	}
	p.anew = p.anew || p.kind == "make" && p.known && p.builtBy != m.tool
	unchanged := !p.anew && !p.changed
	p.anew = p.anew || p.missing
	if p.same = unchanged && p.known; !p.same {
		p.now = m.identity(p, inputs, needed, m.tool)
	}
	p.comparable = p.anew || p.known
}

// install brings a part to what was decided.
func (m *model) install(s *stand, p *modelPart) {
	told := p.anew // of the files that it used
	if p.anew || p.kind == "copy" {
		used := map[string]string{}
		for _, name := range p.files {
			if f, ok := s.files[name]; ok {
				used[name] = f.content
			}
		}
		if p.anew || len(used) > 0 {
			p.same = p.same && maps.Equal(p.inputs, used)
			p.inputs, told = used, true
		}
	} else if !p.known {
		p.inputs = map[string]string{}
	}
	needed := map[string]string{}
	if !p.anew && p.known {
		for name, id := range p.needed {
			needed[name] = id
		}
	}
	for name, id := range p.seen {
		needed[name] = cmp.Or(id, m.part(name).id)
	}
	p.needed = needed
	switch {
	case p.same:
	case !told:
		p.id = p.now
	default:
		p.id = m.identity(p, p.inputs, needed, m.tool)
	}
	p.options, p.installed, p.known, p.builtBy, p.missing = p.text(), true, true, m.tool, false
}

// profile is the text of the model.
func (m *model) profile() string {
	var b strings.Builder
	b.WriteString("[buildout]\nparts =\n")
	for _, p := range m.parts {
		b.WriteString("  " + p.name + "\n")
	}
	for _, p := range m.parts {
		fmt.Fprintf(&b, "[%s]\nrecipe = %s\nv = %s\nfile = %s\nx =", p.name, p.kind, p.version, strings.Join(p.files, " "))
		for _, name := range p.needs {
			fmt.Fprintf(&b, " ${%s:recipe}-%s", name, name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func newModel(random *rand.Rand) *model {
	m := &model{tool: "cc 1", ids: map[string]string{}}
	for i := range 7 {
		p := &modelPart{name: fmt.Sprint("p", i), kind: []string{"make", "make", "fake", "copy"}[random.IntN(4)], version: "1"}
		for _, before := range m.parts {
			if random.IntN(3) == 0 {
				p.needs = append(p.needs, before.name)
			}
		}
		for f := range 3 {
			if random.IntN(3) == 0 {
				p.files = append(p.files, fmt.Sprint("f", f))
			}
		}
		m.parts = append(m.parts, p)
	}
	return m
}

// change changes one thing in the world and tells what.
func (m *model) change(s *stand, random *rand.Rand) string {
	p := m.parts[random.IntN(len(m.parts))]
	name := fmt.Sprint("f", random.IntN(3))
	switch random.IntN(9) {
	case 0:
		p.version = fmt.Sprint(random.IntN(3))
		return p.name + " v = " + p.version
	case 1, 2:
		s.edit(name, fmt.Sprint(random.IntN(3)))
		return "edit " + name
	case 3:
		if f, ok := s.files[name]; ok {
			s.edit(name, f.content)
		}
		return "touch " + name
	case 4:
		m.tool = fmt.Sprint("cc ", random.IntN(2))
		s.compiler = m.tool
		return m.tool
	case 5:
		if p.installed {
			p.missing, s.lost["of "+p.name] = true, true
		}
		return "files of " + p.name + " are gone"
	case 6:
		if random.IntN(3) == 0 {
			for _, p := range m.parts {
				p.known = false
			}
			os.Remove(s.path)
			return "the manifest is gone"
		}
		return "nothing"
	case 7:
		taken := func(p *modelPart) bool { return p.kind == "copy" && slices.Contains(p.files, name) }
		if slices.ContainsFunc(m.parts, taken) {
			return "nothing" // its update would fail
		}
		delete(s.files, name)
		return name + " is gone"
	}
	s.drop(p.name) // its entry stays
	p.installed, p.missing = false, false
	delete(s.lost, "of "+p.name)
	return p.name + " is lost"
}

// order is all parts, or some of them in an order of the user's own.
func (m *model) order(random *rand.Rand) []string {
	var all []string
	for _, p := range m.parts {
		all = append(all, p.name)
	}
	if random.IntN(4) > 0 {
		return all
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+random.IntN(3)]
}

// TestModel runs random sequences of changes and compares each decision with
// the model.
func TestModel(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 5))
		s, m := newStand(t), newModel(random)
		s.compiler = m.tool
		for _, name := range []string{"f0", "f1", "f2"} {
			s.edit(name, "1")
		}
		var history []string
		for range 25 {
			for range random.IntN(3) {
				history = append(history, m.change(s, random))
			}
			s.profile = m.profile()
			order := m.order(random)
			history = append(history, fmt.Sprint("run ", order))
			want := m.run(s, order)
			named := order
			if len(order) == len(m.parts) {
				named = nil
			}
			g := s.run(named...)
			var got []string
			for _, n := range g.Parts {
				if n.Decision != Update {
					got = append(got, n.Part)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: %v are installed, want %v\n%s\n%s\n%s", seed, got, want,
					strings.Join(messages(g), "\n"), strings.Join(history, "\n"), s.profile)
			}
			if named == nil {
				s.settled()
			}
			if t.Failed() {
				t.Fatalf("seed %d\n%s\n%s", seed, strings.Join(history, "\n"), s.profile)
			}
		}
	}
}
