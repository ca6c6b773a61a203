package elf

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/purity.md")

// TestPurityPage compares the tables of docs/purity.md with those of the code.
func TestPurityPage(t *testing.T) {
	const path = "../../docs/purity.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for name, table := range map[string]string{"kinds": kindTable(), "sonames": sonameTable(), "loaders": loaderTable(), "interpreters": interpreterTable()} {
		head, rest, ok := strings.Cut(page, "<!-- "+name+" -->\n")
		_, tail, closed := strings.Cut(rest, "<!-- end -->\n")
		if !ok || !closed {
			t.Fatalf("the page has no place for the table %s", name)
		}
		page = head + "<!-- " + name + " -->\n" + table + "<!-- end -->\n" + tail
	}
	if page == string(text) {
		return
	}
	if !*update {
		t.Fatal("the tables of docs/purity.md are not those of the code: go test ./parts/elf -run Page -update")
	}
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}

func kindTable() string {
	var b strings.Builder
	b.WriteString("| kind | level | what it is |\n|---|---|---|\n")
	for _, k := range Kinds {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Kind, k.Level, k.Text)
	}
	return b.String()
}

func sonameTable() string {
	var b strings.Builder
	b.WriteString("| name | whose | why |\n|---|---|---|\n")
	for _, n := range Sonames {
		whose := map[Class]string{ClassGlibc: "glibc", ClassRuntime: "compiler", ClassOther: "**a leak**"}[n.Class]
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", n.Soname, whose, n.Reason)
	}
	return b.String()
}

func loaderTable() string {
	var b strings.Builder
	b.WriteString("| GOARCH | interpreter |\n|---|---|\n")
	for _, arch := range slices.Sorted(maps.Keys(natives)) {
		m := natives[arch]
		kind, _ := machineOf(&m)
		fmt.Fprintf(&b, "| %s | `%s` |\n", arch, strings.Join(kind.loaders, "`, `"))
	}
	return b.String()
}

func interpreterTable() string {
	var b strings.Builder
	b.WriteString("| interpreter | why |\n|---|---|\n")
	for _, i := range AllowedInterpreters {
		fmt.Fprintf(&b, "| `%s` | %s |\n", i.Path, i.Reason)
	}
	return b.String()
}
