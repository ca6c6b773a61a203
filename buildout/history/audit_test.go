package history

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReportAudit checks that the page holds what was found of each part, and
// no more than it has room for.
func TestReportAudit(t *testing.T) {
	dir := t.TempDir()
	audits := filepath.Join(dir, ".gobuild", "audit")
	if err := os.MkdirAll(audits, 0o777); err != nil {
		t.Fatal(err)
	}
	const head = `{"version":1,"digest":"d","policy":"p","mode":"error","report":{"part":"%s","files":3,"elf":2,"glibc":"2.34","errors":0,"warnings":1,"notes":1}}` + "\n"
	finding := func(level, message, allowed string) string {
		return fmt.Sprintf(`{"part":"x","file":"/x/bin/x","kind":"shebang","level":%q,"message":%q,"allowed":%q}`, level, message, allowed) + "\n"
	}
	put(t, filepath.Join(audits, "zlib.json"), fmt.Sprintf(head, "zlib")+finding("warning", "first </script>", "")+finding("note", "unseen", "")+finding("note", "second", "as it is"))
	put(t, filepath.Join(audits, "a%2Fb.json"), fmt.Sprintf(head, "a/b")+strings.Repeat(finding("warning", "many", ""), pageFindings+5))
	put(t, filepath.Join(audits, "bad.json"), "{")
	put(t, filepath.Join(audits, "torn.json"), fmt.Sprintf(head, "torn")+finding("warning", "whole", "")+`{"part":`)
	run := &Run{entry: filepath.Join(dir, ".gobuild", "history", "1"), mask: func(s string) string { return s }}
	list := run.audits()
	got := ""
	for _, a := range list {
		got += fmt.Sprintf("%s %d %d\n", a.Part, len(a.Findings), a.Left)
	}
	if want := fmt.Sprintf("a/b %d 5\ntorn 1 0\nzlib 2 0\n", pageFindings); got != want {
		t.Errorf("audits are\n%swant\n%s", got, want)
	}
	page := page2text(t, run)
	if strings.Count(page, "</script>") != 2 || strings.Contains(page, "unseen") || !strings.Contains(page, "as it is") {
		t.Error("the page does not hold what it should")
	}
	document, console := visit(t, page)
	if console != "" || !strings.Contains(document, `<tr data-audit="zlib">`) || !strings.Contains(document, "all parts run on glibc 2.34") {
		t.Errorf("the table is not there; console: %s", console)
	}
}
