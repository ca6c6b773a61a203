package history

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var pages = flag.String("pages", "", "write sample reports to this `directory`, to look at them")

// TestSamplePages writes pages for a look at them.
func TestSamplePages(t *testing.T) {
	if *pages == "" {
		t.Skip("no -pages")
	}
	for name, run := range map[string]*Run{
		"5":   simulate(t, t.TempDir(), 5, 2, ""),
		"40":  simulate(t, t.TempDir(), 40, 4, "nginx"),
		"500": simulate(t, t.TempDir(), 500, 8, ""),
	} {
		f, err := os.Create(filepath.Join(*pages, name+".html"))
		if err != nil {
			t.Fatal(err)
		}
		if err := WriteReport(f, run); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
