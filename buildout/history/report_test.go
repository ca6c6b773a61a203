package history

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestReportIsSelfContained checks that the page needs nothing else, and that
// no text of a run can end its script.
func TestReportIsSelfContained(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "log"), "</script><script>alert(1)</script>\x1b[31mred\xff\x00")
	run := &Run{Result: Failed, Origin: Origin{Profile: "</title><b>&.cfg"}, mask: func(s string) string { return s },
		Parts: []*Part{{Part: "<!--", Verb: Installing, Result: Failed, Error: "</script>", Log: filepath.Join(dir, "log")}}}
	text := page2text(t, run)
	if n := strings.Count(text, "</script>"); n != 2 {
		t.Errorf("%d ends of scripts, want 2", n)
	}
	if !strings.Contains(text, "<title>title&gt;&lt;b&gt;&amp;.cfg: failed</title>") {
		t.Errorf("title is %s", regexp.MustCompile("<title>.*").FindString(text))
	}
	if m := regexp.MustCompile(`(?:src|href)\s*=|@import|url\(|\bfetch\(|XMLHttpRequest|https?://`).FindAllString(text, -1); len(m) != 1 || !strings.Contains(text, `"http://www.w3.org/2000/svg"`) {
		t.Errorf("the page reaches out: %q", m)
	}
	if !strings.Contains(text, "red\ufffd"+`\u0000`) {
		t.Error("the log is not there, or has colours")
	}
}

func page2text(t *testing.T, run *Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteReport(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// browser returns a headless browser, or skips the test.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no Chromium")
	return ""
}

// visit opens a page, and returns its document after its scripts and what it
// wrote to the console.
func visit(t *testing.T, page string) (document, console string) {
	t.Helper()
	path := browser(t)
	dir := t.TempDir()
	put(t, filepath.Join(dir, "page.html"), page)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--window-size=1400,1000",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom", "file://"+filepath.Join(dir, "page.html"))
	c.Env = append(os.Environ(), "HOME="+dir)
	var out, log bytes.Buffer
	c.Stdout, c.Stderr = &out, &log
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "CONSOLE") {
			console += line
		}
	}
	return out.String(), console
}

// TestReportInBrowser opens the page of a run with 500 parts, and uses it.
func TestReportInBrowser(t *testing.T) {
	const script = `<script>
const seen = {}, rows = () => [...document.querySelectorAll("#rows tr:not([hidden])")];
const key = (target, key) => target.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
seen.rows = rows().length;
seen.bars = document.querySelectorAll("#svg .part").length > 50;
seen.first = rows()[0].dataset.part === parts.slice().sort((a, b) => b.length - a.length)[0].part;
document.querySelectorAll("#head button")[0].click();
seen.sorted = rows()[0].dataset.part;
$("query").value = "ZLIB-4";
$("query").dispatchEvent(new Event("input"));
seen.found = rows().length;
rows()[0].querySelector("button").click();
seen.side = $("side").querySelector("h3").textContent;
key($("svg"), "ArrowRight");
seen.next = $("side").querySelector("h3").textContent !== seen.side;
key($("svg"), "+");
seen.zoomed = view.to - view.from < total;
key($("svg"), "0");
seen.all = view.from === 0 && view.to === total;
key(document, "Escape");
seen.cleared = rows().length;
seen.critical = document.querySelectorAll("#path li").length === run.bound.critical_path.length;
seen.cards = document.querySelectorAll("#cards > div").length;
seen.quiet = $("failures").hidden;
seen.wide = document.documentElement.scrollWidth <= window.innerWidth;
key(document, "d");
seen.theme = !!document.documentElement.dataset.theme;
document.body.append(JSON.stringify(seen));
</script></body>`
	page := page2text(t, simulate(t, t.TempDir(), 500, 8, ""))
	document, console := visit(t, strings.Replace(page, "</body>", script, 1))
	if console != "" {
		t.Errorf("console: %s", console)
	}
	want := `{"rows":500,"bars":true,"first":true,"sorted":"bzip2","found":3,"side":"zlib-4","next":true,"zoomed":true,"all":true,` +
		`"cleared":500,"critical":true,"cards":6,"quiet":true,"wide":true,"theme":true}`
	if !strings.Contains(document, want) {
		t.Errorf("seen is %s\nwant    %s", regexp.MustCompile(`\{"rows":.*?\}`).FindString(document), want)
	}
}

// TestReportOfFailure opens the page of a run that failed.
func TestReportOfFailure(t *testing.T) {
	run := everything(t, t.TempDir()).finished(t, 20*second, errFailed)
	document, console := visit(t, page2text(t, run))
	if console != "" {
		t.Errorf("console: %s", console)
	}
	for _, want := range []string{`<html lang="en" data-ready="9">`, `<tr data-part="bad">`, "End of its log (2 lines)", "password *** in it",
		"2 parts are blocked by ", "1 part did not start", `<span class="pill failed" id="result">failed</span>`} {
		if !strings.Contains(document, want) {
			t.Errorf("no %s in the document", want)
		}
	}
}

// TestReportOfLittle opens pages of runs with next to nothing in them.
func TestReportOfLittle(t *testing.T) {
	for name, run := range map[string]*Run{
		"nothing": {},
		"instant": {Result: Running, Start: epoch, End: epoch, Parts: []*Part{{Part: "a", Verb: Restoring, Result: Done}, {Part: "b", Result: NotStarted}}},
	} {
		document, console := visit(t, page2text(t, run))
		if console != "" || !strings.Contains(document, "data-ready=") {
			t.Errorf("%s: console: %s", name, console)
		}
	}
}

// TestVisitSeesErrors checks that an error of a page would be found.
func TestVisitSeesErrors(t *testing.T) {
	_, console := visit(t, "<script>nowhere.to()</script>")
	if !strings.Contains(console, "nowhere is not defined") {
		t.Errorf("console: %q", console)
	}
}
