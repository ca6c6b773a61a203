package recipes

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
	"gobuild/parts"
	"gobuild/parts/partstest"
	"gobuild/parts/slap"
	"gobuild/recipes/bridge"
)

func TestPythonOption(t *testing.T) {
	if got := pythonOption(map[string]any{"a": "${x:y};"}); got != `!py!{'a': '\x24{x:y}\x3b'}` {
		t.Error(got)
	}
	if got := pythonOption("${x:y} $"); got != "$${x:y} $" {
		t.Error(got)
	}
}

// slapStand is a stand with a section [slap-connection] and others.
type slapStand struct {
	*stand
	sections map[string]map[string]string
}

func newSlapStand(t *testing.T) *slapStand {
	s := &slapStand{newStand(t), map[string]map[string]string{}}
	s.add("slap-connection", "server-url = file://@ROOT@/store\ncomputer-id = comp\npartition-id = part\nsoftware-release-url = soft")
	return s
}

// add adds a section of lines `key = value`.
func (s *slapStand) add(name, lines string) {
	s.sections[name] = s.section(lines).Sections["foo"]
}

// options returns [foo].
func (s *slapStand) options(lines string) *partstest.Options {
	s.add("foo", lines)
	return s.Options("foo", s.sections)
}

// run prepares and installs [foo].
func (s *slapStand) run(r parts.Recipe, lines string) *partstest.Options {
	s.t.Helper()
	o := s.options(lines)
	if err := s.prepare(r, o).Run(s.t.Context(), s.Work); err != nil {
		s.t.Fatalf("Run: %v", err)
	}
	return o
}

// store is the store as a partition sees it.
func (s *slapStand) store(partition string) slap.Client {
	s.t.Helper()
	c, err := slap.Open(slap.Connection{Server: s.at("store"), Computer: "comp", Partition: partition, NoSync: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *slapStand) checkPublished(want string) {
	s.t.Helper()
	v, err := s.store("part").Published(s.t.Context())
	got, _ := json.Marshal(v.Plain())
	if err != nil || string(got) != want {
		s.t.Errorf("published %s (%v), want %s", got, err, want)
	}
}

func (s *slapStand) checkOptions(o *partstest.Options, want map[string]string) {
	s.t.Helper()
	for key, text := range want {
		if got, _, ok := o.Lookup(key); !ok || got != s.fill(text) {
			s.t.Errorf("option %s is %q, want %q", key, got, s.fill(text))
		}
	}
}

func TestPublish(t *testing.T) {
	s := newSlapStand(t)
	s.add("early", "a = 1\n-hidden = 2\nrecipe = x\n-extends = more")
	s.add("more", "a = 0\nb = !py!True\nc = 3\n-publish = b\n-extends = early foo")
	s.run(publishRecipe{}, "recipe = x\nurl = http://a\n-extends = early\na = own\nn = !py!None")
	s.checkPublished(`{"a":"own","b":"True","n":"None","url":"http://a"}`)
	s.run(publishRecipe{serialised: true}, "recipe = x\nurl = http://a\nlist = !py![1, (2,)]")
	s.checkPublished(`{"_":"{\"list\":[1,[2]],\"url\":\"http://a\"}"}`)
	s.run(publishRecipe{}, "-publish = url\nurl = u\nother = o\n-slave-reference = sl")
	s.check("store/part", "store/part dir 0700", `store/part/published.json file 0600 "{\n  \"version\": 1,\n  \"serialised\": true,\n  \"parameters\": {\n    \"list\": [\n      1,\n      [\n        2\n      ]\n    ],\n    \"url\": \"http://a\"\n  },\n  \"slaves\": {\n    \"sl\": {\n      \"parameters\": {\n        \"url\": \"u\"\n      }\n    }\n  }\n}\n"`)
	s.checkOwned()
}

func TestPublishRefused(t *testing.T) {
	s := newSlapStand(t)
	for _, c := range []prepareCase{
		{"no option", "-publish = a b\na = 1", "-publish", "Missing option: foo:b"},
		{"bad value", "a = !py!os.system('x')", "a", `"os.system('x')" is not understood in a Python value`},
	} {
		o := s.options(c.lines)
		_, err := publishRecipe{}.Prepare(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), c.msg) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	s.sections["slap-connection"]["server-url"] = "https://me:secret@slap.example.org"
	if _, err := (publishRecipe{}).Prepare(t.Context(), s.options("a = 1")); !errors.Is(err, parts.ErrNotRun) {
		t.Errorf("a remote master: %v", err)
	}
	remote := &slapRemote{where: bridge.MasterAddress{Server: "https://me:secret@slap.example.org", Partition: "p", Computer: "c"}}
	for want, m := range map[string]*bridge.MasterError{
		"slap-master: the master https://me:xxxxx@slap.example.org does not answer: refused":                                        {Kind: bridge.MasterDown, Text: "refused"},
		"slap-master: the master https://me:xxxxx@slap.example.org answers with status 500":                                         {Kind: bridge.MasterRefused, Status: 500},
		"slap-request: the master https://me:xxxxx@slap.example.org has nothing yet for the partition p of the computer c":          {Kind: bridge.MasterEarly},
		"slap-request: the master https://me:xxxxx@slap.example.org does not know the partition p of the computer c":                {Kind: bridge.MasterMissing},
		"slap-master: the master https://me:xxxxx@slap.example.org does not let the partition p of the computer c in: status 403":   {Kind: bridge.MasterRefused, Status: 403},
		"slap-master: the master https://me:xxxxx@slap.example.org cannot be asked: x":                                              {Kind: bridge.MasterRefused, Text: "x"},
		"slap-master: the master https://me:xxxxx@slap.example.org is asked by the slap library of Python, which cannot be used: x": {Kind: bridge.MasterNoLibrary, Text: "x"},
	} {
		var d *diag.Diagnostic
		if !errors.As(remote.failed(m), &d) || string(d.Code)+": "+d.Msg != want || d.Hint == "" && m.Text != "x" {
			t.Errorf("got %+v, want %s", d, want)
		}
	}
}

func TestPublishURL(t *testing.T) {
	s := newSlapStand(t)
	s.run(publishURLRecipe{}, "scheme = http\nhost = ::1\nport = 80\nusername = me\npassword = pw\npath = x y\nparams = p\nquery = q=1\nfragment = f")
	s.checkPublished(`{"url":"http://me:pw@[::1]:80/x y;p?q=1#f"}`)
	s.run(publishURLRecipe{}, "url = u")
	s.checkPublished(`{"url":"u"}`)
	o := s.options("scheme = http")
	_, err := publishURLRecipe{}.Prepare(t.Context(), o)
	s.checkFails(err, o, "none", "No host specified.")
}

// What was published wins over a new value, which the section does not have any
// more.
func TestPublishEarly(t *testing.T) {
	s := newSlapStand(t)
	const lines = "-init =\n  a gen:x\n\n  b gen:y\n  c gen:z\n  forced gen:w\nforced = f"
	s.add("gen", "x = new\ny = !py!5\nw = 1")
	o := s.run(publishEarlyRecipe{}, lines)
	s.checkOptions(o, map[string]string{"a": "new", "b": "!py!5", "forced": "f"})
	s.checkPublished(`{"_":"{\"a\":\"new\",\"b\":5}"}`)
	gen, err := o.Section(t.Context(), "gen")
	if err != nil {
		t.Fatal(err)
	}
	if keys := gen.Keys(); !slices.Equal(keys, []string{"w"}) {
		t.Errorf("options that are left: %q", keys)
	}
	for _, key := range []string{"a", "b"} {
		if !o.Hidden(key) {
			t.Errorf("option %s is recorded", key)
		}
	}
	s.add("gen", "x = newer\ny = 6")
	o = s.run(publishEarlyRecipe{}, lines)
	s.checkOptions(o, map[string]string{"a": "new", "b": "!py!5"})
	s.checkPublished(`{"_":"{\"a\":\"new\",\"b\":5}"}`)
}

// What is published besides stays, and a password is no secret for nobody.
func TestPublishEarlySecret(t *testing.T) {
	s := newSlapStand(t)
	if err := s.store("part").Publish(t.Context(), "", slap.Values{Serialised: true, Value: map[string]any{"old": "1"}}); err != nil {
		t.Fatal(err)
	}
	s.add("gen", "x = aB3aB3aB3aB3")
	o := s.run(publishEarlyRecipe{}, "-init = password gen:x")
	if !slices.Contains(o.Secrets(), "aB3aB3aB3aB3") {
		t.Errorf("secrets %q", o.Secrets())
	}
	v, err := s.store("part").Published(t.Context())
	if err != nil || !slices.Equal(v.Secret, []string{"password"}) {
		t.Errorf("%+v, %v", v, err)
	}
	s.checkPublished(`{"_":"{\"old\":\"1\",\"password\":\"aB3aB3aB3aB3\"}"}`)
}

func TestPublishEarlyRefused(t *testing.T) {
	s := newSlapStand(t)
	s.add("gen", "x = 1")
	for _, c := range []prepareCase{
		{"no init", "a = 1", "none", "Missing option: foo:-init"},
		{"no option", "-init = a gen", "-init", `"a gen" is not of the form NAME SECTION:OPTION`},
		{"words", "-init = a gen:x y", "-init", `"a gen:x y" is not of the form NAME SECTION:OPTION`},
	} {
		o := s.options(c.lines)
		_, err := publishEarlyRecipe{}.Prepare(t.Context(), o)
		s.checkFails(err, o, c.key, c.msg)
	}
	o := s.options("-init = a gen:x")
	if _, err := o.Section(t.Context(), "gen"); err != nil {
		t.Fatal(err)
	}
	_, err := publishEarlyRecipe{}.Prepare(t.Context(), o)
	s.checkFails(err, o, "-init", "gen section was already initialized")
}

func TestPublishFailsafe(t *testing.T) {
	s := newSlapStand(t)
	s.write("store/part/published.json/x", "", 0o644)
	o := s.run(publishFailsafeRecipe{}, "-error-status-file = status\na = 1")
	if text, err := os.ReadFile(s.at("status")); err != nil || !strings.Contains(string(text), "is a directory") {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.RemoveAll(s.at("store")); err != nil {
		t.Fatal(err)
	}
	if err := s.update(s.prepare(publishFailsafeRecipe{}, o)); err != nil {
		t.Error(err)
	}
	s.check("status")
	s.checkPublished(`{"a":"1"}`)
	s.write("status", "x", 0o644)
	if _, err := (publishFailsafeRecipe{}).Remove(t.Context(), s.Work, parts.Record{Options: map[string]string{"-error-status-file": "status"}}); err != nil {
		t.Error(err)
	}
	s.check("status")
}

func TestRequest(t *testing.T) {
	s := newSlapStand(t)
	const lines = "name = db\nsoftware-url = other\nconfig-size = !py!3\nconfig-text = x\nsla-a = 1\nsla-b =\nreturn = url user"
	o := s.options(lines)
	err := s.prepare(requestRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "software-url", "Connection parameter url not found. Status of requested instance is: started. If this error persists, check status of this instance.")
	s.checkOptions(o, map[string]string{"connection-url": "", "connection-user": "", "requested-state": "started"})
	db := s.store("part.db")
	p, err := db.Partition(t.Context())
	if err != nil || !reflect.DeepEqual(p.Parameters.Texts, map[string]string{"size": "3", "text": "x"}) || p.SoftwareURL != "other" || p.SoftwareType != "default" {
		t.Errorf("%+v, %v", p, err)
	}
	s.write("store/part.db/published.json", `{"version": 1, "parameters": {"url": "u", "user": "me"}}`, 0o600)
	o = s.run(requestRecipe{}, lines)
	s.checkOptions(o, map[string]string{"connection-url": "u", "connection-user": "me", "instance-guid": "comp-part.db", "instance-state": "started"})
}

func TestRequestSerialised(t *testing.T) {
	s := newSlapStand(t)
	s.write("store/part.foo/published.json", `{"version": 1, "serialised": true, "parameters": {"ports": [1, 2], "key": "0123456789", "none": null}, "secret": ["key"]}`, 0o600)
	s.write("store/part.foo/parameters.json", `{}`, 0o600)
	o := s.run(requestRecipe{serialised: true, optional: true}, "software-url = other\nconfig-size = !py!3\nreturn = ports key none")
	s.checkOptions(o, map[string]string{"connection-ports": "!py![1, 2]", "connection-key": "0123456789", "connection-none": ""})
	if !slices.Contains(o.Secrets(), "0123456789") {
		t.Errorf("secrets %q", o.Secrets())
	}
	if p, err := s.store("part.foo").Partition(t.Context()); err != nil || p.Parameters.Plain()["_"] != `{"size":3}` {
		t.Errorf("%+v, %v", p, err)
	}
}

// An optional request does not fail.
func TestRequestOptional(t *testing.T) {
	s := newSlapStand(t)
	s.run(requestRecipe{optional: true}, "software-url = other\nreturn = url")
	if text := s.Log.String(); !strings.Contains(text, "Connection parameter url not found. Requested instance is currently started. If this error persists, check status of this instance.") {
		t.Errorf("log:\n%s", text)
	}
	s.run(requestRecipe{optional: true}, "software-url = other\nreturn = url\nshared = true\nname = slave\nsoftware-type = nobody")
	if text := s.Log.String(); !strings.Contains(text, "Requested instance is currently not ready yet.") {
		t.Errorf("log:\n%s", text)
	}
}

func TestRequestStates(t *testing.T) {
	for requested, want := range map[string]string{"": "started", "stopped": "stopped", "destroyed": "started"} {
		s := newSlapStand(t)
		s.sections["slap-connection"]["requested"] = requested
		o := s.run(requestRecipe{}, "software-url = other")
		s.checkOptions(o, map[string]string{"requested-state": want})
	}
	s := newSlapStand(t)
	for _, c := range []prepareCase{
		{"state", "software-url = x\nstate = gone", "state", `the state "gone" is none of started, stopped and destroyed`},
		{"config", "software-url = x\nconfig = a", "config", "'config' & 'sla' options are obsolete. Clean up your software release."},
		{"sla", "software-url = x\nsla = a", "sla", "'config' & 'sla' options are obsolete. Clean up your software release."},
		{"software", "name = x", "none", "Missing option: foo:software-url"},
	} {
		o := s.options(c.lines)
		_, err := requestRecipe{}.Prepare(t.Context(), o)
		s.checkFails(err, o, c.key, c.msg)
	}
}

func TestRequestEdge(t *testing.T) {
	s := newSlapStand(t)
	s.write("store/part.FR-foo/published.json", `{"version": 1, "parameters": {"url": "fr"}}`, 0o600)
	s.write("store/part.JP-foo/published.json", `{"version": 1, "parameters": {"url": "jp"}}`, 0o600)
	s.write("store/part.FR-foo/parameters.json", `{}`, 0o600)
	s.write("store/part.JP-foo/parameters.json", `{}`, 0o600)
	o := s.run(requestEdgeRecipe{}, "software-url = other\ncountry-list = FR,JP\nreturn = url")
	s.checkOptions(o, map[string]string{"connection-url-FR": "fr", "connection-url-JP": "jp"})
	if text, err := os.ReadFile(s.at("store/part/requests.json")); err != nil || strings.Count(string(text), `"region": `) != 2 {
		t.Errorf("%s, %v", text, err)
	}
}

func TestSlapConfiguration(t *testing.T) {
	s := newSlapStand(t)
	s.write("store/part/parameters.json", `{"software-type": "big", "title": "T", "parameters": {"a": "1", "b=c": "2", "n": 3}, "ipv4": ["10.0.0.2", "10.0.0.1"], "ipv6": [],
		"slaves": [{"reference": "s1", "parameters": {"x": "y"}}], "secret": ["a"]}`, 0o600)
	s.write("store/part/slaves.json", `{"version": 1, "slaves": [{"reference": "s2", "_": {"x": 1}}]}`, 0o600)
	s.write(".slapos-resource", `{"tun": {"ipv4_addr": "1.2.3.4", "n": 1}, "instance_title": "not this"}`, 0o644)
	o := s.run(slapConfigurationRecipe{}, "recipe = x")
	s.checkOptions(o, map[string]string{
		"slap-software-type": "big", "instance-title": "T", "root-instance-title": "T", "root-instance-short-title": "T", "instance-state": "started",
		"instance-guid": "comp-part", "slap-computer-id": "comp", "slap-computer-partition-id": "part", "slap-software-release-url": "soft",
		"configuration": "!py!{'a': '1', 'b=c': '2', 'n': '3'}", "configuration.a": "1", "configuration.n": "3",
		"ipv4": "!py!set(['10.0.0.1', '10.0.0.2'])", "ipv4-random": "10.0.0.1", "ipv6": "!py!set([])", "storage-dict": "!py!{}",
		"tun-ipv4-addr": "1.2.3.4", "tun-n": "!py!1",
		"slave-instance-list": `!py![{'slap_software_type': 'big', 'slave_reference': 's1', 'slave_title': 's1', 'x': 'y'}, {'_': '{"x":1}', 'slap_software_type': 'big', 'slave_reference': 's2', 'slave_title': 's2'}]`,
	})
	for _, key := range []string{"ipv6-random", "configuration.b=c"} {
		if _, _, ok := o.Lookup(key); ok {
			t.Errorf("option %s is there", key)
		}
	}
	o = s.run(slapConfigurationRecipe{serialised: true}, "recipe = x\nslap-software-type = given\nconfiguration.a = other\nconfiguration.z = !py![1]")
	s.checkOptions(o, map[string]string{"slap-software-type": "given", "configuration": "!py!{'a': 'other', 'b=c': '2', 'n': 3, 'z': [1]}", "configuration.n": "!py!3"})
}

func TestSlapConfigurationStorage(t *testing.T) {
	s := newSlapStand(t)
	s.write("disks/one/part/x", "", 0o644)
	s.write("disks/two/other/x", "", 0o644)
	o := s.run(slapConfigurationRecipe{}, "storage-home = @ROOT@/disks")
	s.checkOptions(o, map[string]string{"storage-dict": "!py!{'one': '@ROOT@/DATA/one'}"})
	s.check("DATA", "DATA dir 0755", "DATA/one link "+s.at("disks/one/part"))
}

func TestSlapConfigurationRefused(t *testing.T) {
	s := newSlapStand(t)
	o := s.options("ipv4 = ::1")
	_, err := slapConfigurationRecipe{}.Prepare(t.Context(), o)
	s.checkFails(err, o, "ipv4", `"::1" is no address for ipv4`)
}

func TestSlapJsondump(t *testing.T) {
	s := newSlapStand(t)
	s.write("store/part/parameters.json", `{"parameters": {"b": "1", "a": "2"}}`, 0o600)
	s.run(slapConfigurationJsondumpRecipe{}, "json-output = out")
	s.check("out", `out file 0600 "{\n  \"a\": \"2\",\n  \"b\": \"1\"\n}"`)
	s.checkOwned("out")
}

// nested notes what is to be run.
func (s *slapStand) nested(r *parts.NestedRun) {
	s.Work.Nested = func(_ context.Context, run parts.NestedRun) error { *r = run; return nil }
}

func TestSwitch(t *testing.T) {
	s := newSlapStand(t)
	var got parts.NestedRun
	s.nested(&got)
	s.add("slap-configuration", "recipe = x\nslap-software-type = big\nlist = !py![1, '\\x24']\nplain = p")
	s.add("profile", "rendered = @ROOT@/big.cfg")
	s.run(switchRecipe{}, "big = profile:rendered\noverride = !py!{'big': '/other.cfg'}")
	root := s.at("")
	root = strings.TrimSuffix(root, "/")
	want := parts.NestedRun{Name: "foo", Profile: "/other.cfg", Set: []parts.Assignment{
		{Section: "buildout", Option: "extends", Value: root + "/big.cfg"},
		{Section: "slap-connection", Option: "computer-id", Value: "comp"},
		{Section: "slap-connection", Option: "partition-id", Value: "part"},
		{Section: "slap-connection", Option: "server-url", Value: "file://" + root + "/store"},
		{Section: "slap-connection", Option: "software-release-url", Value: "soft"},
		{Section: "slap-configuration", Option: switchFrozen, Value: `!py!{'list': [1, '\x24'], 'plain': 'p', 'slap-software-type': 'big'}`},
		{Section: "slap-configuration", Option: "recipe", Value: "slapos.cookbook:switch-softwaretype.noop"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	if _, err := (switchRecipe{}).Remove(t.Context(), s.Work, parts.Record{Part: "foo"}); err != nil || !got.Remove || got.Name != "foo" {
		t.Errorf("%+v, %v", got, err)
	}
	got = parts.NestedRun{}
	s.Work.Again = true
	if _, err := (switchRecipe{}).Remove(t.Context(), s.Work, parts.Record{Part: "foo"}); err != nil || got.Name != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSwitchOldType(t *testing.T) {
	s := newSlapStand(t)
	var got parts.NestedRun
	s.nested(&got)
	s.add("slap-configuration", "slap-software-type = RootSoftwareInstance")
	s.add("profile", "rendered = x.cfg")
	s.run(switchRecipe{}, "default = profile:rendered")
	if got.Profile != "x.cfg" || !strings.Contains(s.Log.String(), "The software_type 'RootSoftwareInstance' is deprecated.") {
		t.Errorf("%+v\n%s", got, s.Log.String())
	}
}

func TestSwitchRefused(t *testing.T) {
	s := newSlapStand(t)
	o := s.options("default = a:b")
	_, err := switchRecipe{}.Prepare(t.Context(), o)
	s.checkFails(err, o, "none", "The section to retrieve slap partition parameters (with slapos.cookbook:slapconfiguration recipe or a derived one) must be named [slap-configuration].")
	for _, c := range []prepareCase{
		{"big", "default = a:b", "none", "This software type (big) isn't mapped. 'default' is the default software type."},
		{"RootSoftwareInstance", "big = a:b", "none", "The software type 'RootSoftwareInstance' isn't mapped. We even tried 'default' but it isn't mapped either."},
		{"big", "big = /a/b.cfg", "big", "The software types in the section [foo] must be separated by a colon such as: 'section:key', where key is usually 'rendered'. Don't use: ${section:key}"},
		{"big", "big = none:x", "big", "The referenced section, 'none', was not defined."},
	} {
		s.add("slap-configuration", "slap-software-type = "+c.name)
		o := s.options(c.lines)
		_, err := switchRecipe{}.Prepare(t.Context(), o)
		s.checkFails(err, o, c.key, c.msg)
	}
}

func TestSwitchNoop(t *testing.T) {
	s := newSlapStand(t)
	o := s.run(switchNoopRecipe{}, switchFrozen+" = !py!{'a': 'x', 'b': [1]}")
	s.checkOptions(o, map[string]string{"a": "x", "b": "!py![1]"})
	if _, _, ok := o.Lookup(switchFrozen); ok {
		t.Error("the frozen options are still there")
	}
}

// A number that a template has written has a type.
func TestOptionIntTyped(t *testing.T) {
	s := newStand(t)
	o := s.section("minimum = !py!7\nmaximum = !py!7")
	s.prepare(randomIntegerRecipe{}, o)
	s.checkSet(o, map[string]string{"value": "7"})
}
