package supervise

import (
	"context"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func makeInstance(t *testing.T, dir, name string, programs map[string]string) Instance {
	t.Helper()
	for file, text := range programs {
		path := filepath.Join(dir, name, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	i, err := Find(name, filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	i := makeInstance(t, dir, "a", map[string]string{"etc/service/web": "1", "etc/service/.hidden": "", "etc/service/web~": "", "etc/run/once": "2", "etc/run/sub/x": ""})
	var got []string
	for _, u := range i.Units {
		got = append(got, fmt.Sprintf("%s %t %d", u.Name, u.Daemon, len(u.Sum)))
	}
	if want := []string{"web true 64", "once false 64"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	os.WriteFile(filepath.Join(dir, "a/etc/run/web"), nil, 0o755)
	if _, err := Find("a", filepath.Join(dir, "a")); err == nil || !strings.Contains(err.Error(), "have the same name") {
		t.Errorf("two programs of one name: %v", err)
	}
	os.Rename(filepath.Join(dir, "a/etc/run/web"), filepath.Join(dir, "a/etc/run/other"))
	os.Chmod(filepath.Join(dir, "a/etc/run/other"), 0o644)
	if _, err := Find("a", filepath.Join(dir, "a")); err == nil || !strings.Contains(err.Error(), "not executable") {
		t.Errorf("a program that is not executable: %v", err)
	}
}

// Names of units are unambiguous: different programs never share one.
func TestID(t *testing.T) {
	seen := map[string]string{}
	for _, c := range [][2]string{{"a", "b.c"}, {"a.b", "c"}, {"a", "b_2Ec"}, {"a", "b c"}, {"a", "b:c"}, {"a", "b/c"}, {"a", "b_c"}, {"a", "ü"}} {
		name := id(c[0], c[1])
		if other := seen[name]; other != "" || strings.ContainsAny(name, " :/[]") {
			t.Errorf("%q is %s, as %s", c, name, other)
		}
		seen[name] = strings.Join(c[:], "+")
	}
}

func TestInstanceText(t *testing.T) {
	i := Instance{Name: "a", Dir: "/r/50%/a'b", Units: []Unit{{"web", "/r/50%/a'b/etc/service/web", true, "SUM1"}, {"once", "/o", false, "SUM2"}}}
	text := instanceText(i, true)
	for _, want := range []string{
		"[program:a.web]\ncommand = '/r/50%%/a'\"'\"'b/etc/service/web'\n", "directory = /r/50%%/a'b\n", `,GOBUILD_SUM="SUM1"`,
		"autostart = true\nautorestart = true\nstartsecs = 1\n", "autorestart = unexpected\nexitcodes = 0\nstartsecs = 0\n",
		"stopasgroup = true\nkillasgroup = true\n", "stdout_logfile = /r/50%%/a'b/.web.log\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(instanceText(i, false), "autostart = true") {
		t.Error("a stopped instance is started")
	}
	// Only the program whose file has changed has another section.
	before := strings.SplitAfter(text, "\n\n")
	i.Units[1].Sum = "SUM3"
	after := strings.SplitAfter(instanceText(i, true), "\n\n")
	if before[1] != after[1] || before[2] == after[2] {
		t.Error("a change of one program changes the section of another, or not its own")
	}
}

func TestSocket(t *testing.T) {
	short, long := &supervisord{Config{Root: "/r"}}, &supervisord{Config{Root: "/" + strings.Repeat("x", 100)}}
	if got := short.socket(); got != "/r/.supervisor/socket" {
		t.Errorf("got %s", got)
	}
	if got := long.socket(); len(got) > MaxSocket-roomForBind || !strings.HasPrefix(got, "/tmp/gobuild-") || got != long.socket() {
		t.Errorf("got %s", got)
	}
	for _, bad := range []string{"/a*", "/a ;b", "/a\nb"} {
		if checkPath(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// serve answers calls on a socket.
func serve(t *testing.T, answer func(body string) (int, string)) *client {
	t.Helper()
	dir, err := os.MkdirTemp("", "rpc") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		status, text := answer(string(body))
		w.WriteHeader(status)
		io.WriteString(w, text)
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return newClient(filepath.Join(dir, "s"))
}

func response(value string) string {
	return "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>" + value + "</value>\n</param>\n</params>\n</methodResponse>\n"
}

func TestCall(t *testing.T) {
	var asked string
	c := serve(t, func(body string) (int, string) {
		asked = body
		return 200, response("<struct>\n<member>\n<name>state</name>\n<value><int>20</int></value>\n</member>\n<member><name>list</name><value><array><data>\n<value><boolean>1</boolean></value><value>a &lt; b</value><value><string>c</string></value><value><double>1.5</double></value><value><nil/></value></data></array></value></member></struct>")
	})
	got, err := c.call(t.Context(), time.Minute, "supervisor.x", "a<&b", true)
	want := map[string]any{"state": int64(20), "list": []any{true, "a < b", "c", 1.5, nil}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v (%v), want %#v", got, err, want)
	}
	if !strings.Contains(asked, "<value><string>a&lt;&amp;b</string></value></param><param><value><boolean>1</boolean></value>") {
		t.Errorf("asked %s", asked)
	}
}

func TestCallHostile(t *testing.T) {
	deep := strings.Repeat("<array><data><value>", 100)
	for _, c := range []struct {
		status     int
		text, want string
	}{
		{500, "", "the status 500"},
		{200, "", "not understood"},
		{200, "no XML", "not understood"},
		{200, "<html/>", "<html> stands where <methodResponse> should be"},
		{200, response("<int>x</int>"), "not understood"},
		{200, response("<bomb>1</bomb>"), "the type <bomb> is not known"},
		{200, response("<int><int>1</int></int>"), "stands in a text"},
		{200, response(deep), "too deep"},
		{200, response("<array><data><value>1</value>"), "not understood"},
		{200, response("<string>&unknown;</string>"), "not understood"},
		{200, "<methodResponse><fault><value><struct></struct></value></fault></methodResponse>", "without faultCode"},
		{200, strings.Repeat(" ", maxAnswer+1), "larger than"},
	} {
		_, err := serve(t, func(string) (int, string) { return c.status, c.text }).call(t.Context(), time.Minute, "m")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: got %v, want %q", c.text, err, c.want)
		}
	}
	fault := "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>10</int></value></member><member><name>faultString</name><value><string>BAD_NAME: x</string></value></member></struct></value></fault></methodResponse>"
	_, err := serve(t, func(string) (int, string) { return 200, fault }).call(t.Context(), time.Minute, "m")
	if !isFault(err, faultBadName) || isDead(err) {
		t.Errorf("got %v", err)
	}
	block := make(chan struct{})
	defer close(block)
	_, err = serve(t, func(string) (int, string) { <-block; return 200, "" }).call(t.Context(), 10*time.Millisecond, "m")
	if !errors.Is(err, context.DeadlineExceeded) || isDead(err) {
		t.Errorf("a server that does not answer: %v", err)
	}
	if _, err := newClient(filepath.Join(t.TempDir(), "none")).call(t.Context(), time.Minute, "m"); !isDead(err) {
		t.Errorf("no server: %v", err)
	}
}

// FuzzAnswer: any answer is read without panic, and what is read of a string is
// that string.
func FuzzAnswer(f *testing.F) {
	f.Add(response("<int>1</int>"))
	f.Add(response("<struct><member><name>a</name><value>b</value></member></struct>"))
	f.Add("<methodResponse><fault><value><struct/></value></fault></methodResponse>")
	f.Fuzz(func(t *testing.T, text string) {
		decodeAnswer([]byte(text))
		var b strings.Builder
		if xml.EscapeText(&b, []byte(text)) != nil || !utf8Clean(text) {
			return
		}
		if got, err := decodeAnswer([]byte(response("<string>" + b.String() + "</string>"))); err != nil || got != text {
			t.Errorf("%q became %q (%v)", text, got, err)
		}
	})
}

// utf8Clean reports whether XML can hold a text.
func utf8Clean(text string) bool {
	for _, r := range text {
		if r == 0xFFFD || r < ' ' && r != '\t' && r != '\n' || r >= 0xFFFE && r <= 0xFFFF {
			return false
		}
	}
	return true
}

func TestReloadAnswer(t *testing.T) {
	a, c, r, err := changesOf([]any{[]any{[]any{"x"}, []any{}, []any{"y", "z"}}})
	if err != nil || len(a) != 1 || len(c) != 0 || len(r) != 2 {
		t.Errorf("got %q %q %q (%v)", a, c, r, err)
	}
	for _, bad := range []any{nil, "x", []any{}, []any{[]any{"a"}}} {
		if _, _, _, err := changesOf(bad); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}

func TestReadRunit(t *testing.T) {
	record := make([]byte, runitSize)
	binary.BigEndian.PutUint64(record, taiOfUnix+1000)
	binary.LittleEndian.PutUint32(record[runitPID:], 77)
	record[runitWanted], record[runitState] = 'u', 1
	got, err := readRunit("f", record)
	if want := (unitStatus{true, true, false, 77, time.Unix(1000, 0).UTC(), -1}); err != nil || got != want {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	if _, err := readRunit("f", record[1:]); err == nil {
		t.Error("a short record is accepted")
	}
}

func TestReadS6(t *testing.T) {
	now := time.Unix(5000, 0)
	got, err := readS6("true false 12 -1 60\n", now)
	if want := (unitStatus{true, false, true, 12, time.Unix(4940, 0).UTC(), -1}); err != nil || got != want {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	for _, bad := range []string{"", "true", "true true x 0 1", "a b c d e f"} {
		if _, err := readS6(bad, now); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// The directory of a program is made whole, and replaced when its file changes.
func TestScanFolder(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range []tool{runit{}, s6{}} {
		s := &scanned{Config: Config{Root: dir}, tool: kind}
		i := makeInstance(t, dir, "a", map[string]string{"etc/service/web": "1", "etc/run/once": "2"})
		if err := s.makeState(kind.name()); err != nil {
			t.Fatal(err)
		}
		for _, u := range i.Units {
			if err := s.write(t.Context(), i, u, false); err != nil {
				t.Fatal(err)
			}
		}
		run, _ := os.ReadFile(filepath.Join(s.folder(), "a.web", "run"))
		if !strings.Contains(string(run), "exec '"+dir+"/a/etc/service/web' >>'"+dir+"/a/.web.log' 2>&1") || !exists(filepath.Join(s.folder(), "a.web", "down")) {
			t.Errorf("%s: run is %s", kind.name(), run)
		}
		if exists(filepath.Join(s.folder(), "a.web", "finish")) || !exists(filepath.Join(s.folder(), "a.once", "finish")) {
			t.Errorf("%s: finish is not with the program that runs once", kind.name())
		}
		i.Units[0].Sum = "other"
		if err := s.write(t.Context(), i, i.Units[0], true); err != nil {
			t.Fatal(err)
		}
		again, _ := os.ReadFile(filepath.Join(s.folder(), "a.web", "run"))
		if string(again) == string(run) || exists(filepath.Join(s.folder(), "a.web", "down")) {
			t.Errorf("%s: the changed program has the old directory", kind.name())
		}
		if err := s.Forget(t.Context(), "a"); err != nil || exists(filepath.Join(s.folder(), "a.web")) {
			t.Errorf("%s: %v", kind.name(), err)
		}
	}
}

func TestTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if got, want := Taken("127.0.0.1", port), fmt.Sprintf("process %d (", os.Getpid()); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	l.Close()
	if got := Taken("127.0.0.1", port); got != "" {
		t.Errorf("the port is free, and taken by %q", got)
	}
}

// TestCallCut: a server that ends while it is asked is told from others that
// fail.
func TestCallCut(t *testing.T) {
	c := serve(t, func(string) (int, string) { panic(http.ErrAbortHandler) })
	if _, err := c.call(t.Context(), time.Minute, "supervisor.shutdown"); !isCut(err) {
		t.Errorf("got %v", err)
	}
	c = serve(t, func(string) (int, string) { return 500, "" })
	if _, err := c.call(t.Context(), time.Minute, "supervisor.shutdown"); err == nil || isCut(err) {
		t.Errorf("got %v", err)
	}
}
