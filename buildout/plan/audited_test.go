package plan

import (
	"strings"
	"testing"
)

// TestAuditOptions checks that the options of the audit change neither what is
// done with a part that compiles, nor its key; and that they are options like
// others in a part that does not.
func TestAuditOptions(t *testing.T) {
	const options = "\naudit = warn\nruntime = own\nmax-glibc = 2.17\naudit-allow = shebang perl a tool"
	s := built(t)
	before := s.profile
	keys := map[string]string{}
	for _, n := range s.look().Parts {
		keys[n.Part] = n.Key
	}
	s.profile = strings.Replace(before, "recipe = make", "recipe = make"+options, -1)
	for _, n := range s.look().Parts {
		if n.Decision != Update || n.Key != keys[n.Part] {
			t.Errorf("%s: %s, %v; key %s, before %s", n.Part, n.Decision, n.Reasons, n.Key, keys[n.Part])
		}
	}
	s.run()
	s.profile = before
	if got := changes(s.look()); got != "" {
		t.Errorf("without the options again: %s", got)
	}
	s.profile = strings.Replace(s.profile, "recipe = fake", "recipe = fake"+options, 1)
	if got := changes(s.look()); got != "reinstall leaf" {
		t.Errorf("options of a part that does not compile: %q", got)
	}
	s.profile = strings.Replace(before, "v = 1", "v = 2\naudit = off", 1)
	if got, _, _ := strings.Cut(strings.Join(messages(s.look()), "\n"), "\n"); got != `zlib: option v changed "1" -> "2"` {
		t.Errorf("with another option: %s", got)
	}
}

// TestAuditOptionsNew checks that a new installation has the same key with them.
func TestAuditOptionsNew(t *testing.T) {
	key := func(options string) string {
		s := newStand(t)
		s.profile = "[buildout]\nparts = a\n[a]\nrecipe = make\n" + options
		return s.look().Parts[0].Key
	}
	if key("") != key("audit = off\n") {
		t.Error("an option of the audit changes the key")
	}
	if key("") == key("other = off\n") {
		t.Error("another option does not change the key")
	}
}
