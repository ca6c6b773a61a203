package pep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
)

func TestRequirement(t *testing.T) {
	env := map[string]string{"python_version": "3.11", "sys_platform": "linux", "os_name": "posix"}
	for text, want := range map[string]string{
		"demo":              "demo|demo|||true",
		"Demo.Name_x>=1,<2": "demo-name-x|Demo.Name_x<2,>=1|||true",
		" demo [ a , b ] >= 1.0 ; os_name=='nt' ": "demo|demo[a,b]>=1.0|a b||false",
		"demo (>=1)":    "demo|demo>=1|||true",
		"demo[] == 1.*": "demo|demo==1.*|||true",
		"demo @ https://h/demo-1.tar.gz ; python_version < '4'": "demo|demo@ https://h/demo-1.tar.gz||https://h/demo-1.tar.gz|true",
		"demo; extra == 'Test_X'":                               "demo|demo|||false",
		"demo===1.0+Any":                                        "demo|demo===1.0+Any|||true",
	} {
		r, err := ParseRequirement(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		holds, err := r.Applies(env, nil)
		got := strings.Join([]string{r.Key(), r.String(), strings.Join(r.Extras, " "), r.URL, fmt.Sprint(holds)}, "|")
		if err != nil || got != want {
			t.Errorf("%s:\n got %s %v\nwant %s", text, got, err, want)
		}
	}
	r, _ := ParseRequirement("demo; extra == 'test-x'")
	if ok, err := r.Applies(env, []string{"other", "Test_X"}); !ok || err != nil {
		t.Errorf("the extra does not make the marker hold: %v", err)
	}
	for _, bad := range []string{"", "-demo", "demo[", "demo[a b]", "demo>=", "demo 1.0", "demo; os_name", "demo>=1 os_name=='x'", "demo[.]"} {
		if r, err := ParseRequirement(bad); err == nil {
			t.Errorf("%q is read as %s", bad, r)
		}
	}
}

func TestSpecifiers(t *testing.T) {
	for _, c := range []struct {
		text, version string
		want          bool
	}{
		{">=1,<2", "1.5", true}, {">=1,<2", "2.0", false}, {"<2", "2.0b1", false}, {"", "0.1", true}, {"==1.0+local", "1.0+LOCAL", true},
		{"==1.0", "1.0+local", true}, {"!=1.5.*,>1", "1.5.2", false},
	} {
		all, ok := ParseSpecifiers(c.text)
		if !ok || all.Contains(c.version) != c.want {
			t.Errorf("%q contains %s: %v, want %v", c.text, c.version, !c.want, c.want)
		}
	}
	if all, _ := ParseSpecifiers(">=1,==1.5"); all.String() != "==1.5,>=1" {
		t.Errorf("got %s", all)
	} else if v, ok := all.Exact(); !ok || v != "1.5" {
		t.Errorf("the exact version is %q", v)
	}
	if all, _ := ParseSpecifiers("==1.*"); len(all) != 1 {
		t.Error("==1.* is not read")
	} else if _, ok := all.Exact(); ok {
		t.Error("==1.* is one version")
	}
}

// packagingProgram answers what packaging says of requirements and versions.
const packagingProgram = `
import json, sys
from packaging.requirements import Requirement, InvalidRequirement
from packaging.version import Version, InvalidVersion
from packaging.specifiers import SpecifierSet, InvalidSpecifier
def requirement(text):
    try: r = Requirement(text)
    except InvalidRequirement: return None
    return [r.name, sorted(r.extras), r.url or '', str(r.marker is not None)]
def contains(pair):
    try: return SpecifierSet(pair[0]).contains(pair[1], prereleases=True)
    except (InvalidSpecifier, InvalidVersion): return None
def order(pair):
    try: a, b = Version(pair[0]), Version(pair[1])
    except InvalidVersion: return None
    return (a > b) - (a < b)
q = json.load(sys.stdin)
json.dump([[requirement(r) for r in q[0]], [contains(p) for p in q[1]], [order(p) for p in q[2]]], sys.stdout)
`

// TestLikePackaging compares random requirements and versions with Python's
// packaging.
func TestLikePackaging(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 5))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	version := func() string {
		return pick("", "", "1!", "v") + pick("0", "1", "1.0", "1.2.3", "2.0.0", "10.1", "01.2") + pick("", "", "a1", "b2", "rc1", ".alpha", "-beta.3", "c") +
			pick("", "", ".post1", "-2", ".rev3") + pick("", "", ".dev0", "dev4") + pick("", "", "", "+local", "+l.1", "+a-b_c")
	}
	specifier := func() string {
		return pick("==", ">=", "<=", "<", ">", "!=", "~=") + pick("", " ") + version() + pick("", "", "", ".*")
	}
	var requirements []string
	var contained, ordered [][2]string
	for range 1500 {
		requirements = append(requirements, pick("demo", "Demo.x", "a-b_c", "-x", "x-")+pick("", "", " ", "[a]", "[a,b-c]", "[]", "[a", " [ x , y ] ")+
			pick("", specifier(), specifier()+","+specifier(), "("+specifier()+")", "@ https://h/x", "@ file:///a b")+pick("", "", " ; os_name == 'posix'", ";x", " ;python_version<'3' or extra=='e'"))
		contained = append(contained, [2]string{specifier() + pick("", ","+specifier()), version()})
		ordered = append(ordered, [2]string{version(), version()})
	}
	var requirementsSaid [][]any
	var containedSaid []*bool
	var orderedSaid []*int
	ask(t, []any{requirements, contained, ordered}, &[]any{&requirementsSaid, &containedSaid, &orderedSaid})
	for i, text := range requirements {
		_, err := ParseRequirement(text)
		if (err == nil) != (requirementsSaid[i] != nil) {
			t.Errorf("%q: %v, but packaging says %v", text, err, requirementsSaid[i])
		}
	}
	for i, pair := range contained {
		all, ok := ParseSpecifiers(pair[0])
		_, known := ParseVersion(pair[1])
		if said := containedSaid[i]; (ok && known) != (said != nil) || said != nil && all.Contains(pair[1]) != *said {
			t.Errorf("%q contains %q: packaging says %v", pair[0], pair[1], said)
		}
	}
	for i, pair := range ordered {
		a, ok1 := ParseVersion(pair[0])
		b, ok2 := ParseVersion(pair[1])
		if said := orderedSaid[i]; (ok1 && ok2) != (said != nil) || said != nil && a.Compare(b) != *said {
			t.Errorf("%q and %q: packaging says %v", pair[0], pair[1], said)
		}
	}
}

// ask runs packagingProgram; the test is skipped where there is no packaging.
func ask(t *testing.T, questions, answers any) {
	t.Helper()
	if exec.Command("python3", "-c", "import packaging.requirements").Run() != nil {
		t.Skip("no python3 with packaging")
	}
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", packagingProgram)
	cmd.Stdin = bytes.NewReader(input)
	output, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(output, answers)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func FuzzParseRequirement(f *testing.F) {
	for _, seed := range []string{"demo[a]>=1; os_name=='x'", "a@b", "x((", "a[b]c", "a;'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := ParseRequirement(text); err == nil {
			if again, err := ParseRequirement(r.String()); r.URL == "" && (err != nil || again.Key() != r.Key()) {
				t.Errorf("%q is written as %q: %v", text, r, err)
			}
		}
	})
}
