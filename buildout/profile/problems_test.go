package profile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

// evaluator returns the evaluator of a profile that is one file.
func evaluator(t *testing.T, text string) *Evaluator {
	t.Helper()
	p, err := Load(t.Context(), Config{Root: "buildout.cfg", Dir: "/p", Dialect: Upstream, Open: memory{"buildout.cfg": text}})
	if err != nil {
		t.Fatal(err)
	}
	return &Evaluator{Profile: p}
}

// allOf evaluates sections and returns all errors, as code and text at fault.
func allOf(ev *Evaluator, sections ...string) []string {
	var errs diag.List
	for _, name := range sections {
		_, err := ev.Section(context.Background(), name, diag.Span{})
		errs = append(errs, diag.All(err)...)
	}
	var list []string
	for _, d := range append(errs, ev.Further()...).Sorted() {
		list = append(list, d.Code+" "+d.At.Text())
	}
	return list
}

func TestAllErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"each option", "[a]\nx = ${b:x}\ny = ${c:y}\nz = 1\n", "unknown-section ${b:x}, unknown-section ${c:y}"},
		{"each reference of a value", "[a]\nx = ${b:x} $$ ${:y}\n  ${c}\n", "unknown-section ${b:x}, unknown-option ${:y}, bad-reference ${c}"},
		{"each macro", "[a]\n<= m\n  n\nx = ${:y}\n", "unknown-macro m, unknown-macro n"},
		{"each dependency", "[a]\n=> b c\nx = ${d:e}\n", "unknown-section b, unknown-section c, unknown-section ${d:e}"},
		{"the recipe's name, too", "[a]\nrecipe = a:b:c\nx = ${b:x}\n", "bad-recipe-name a:b:c, unknown-section ${b:x}"},
		{"what failed before is not told again", "[a]\nx = ${b:y}\ny = ${b:z}\n[b]\ny = ${nosuch:x}\nz = ${:y}\n", "unknown-section ${nosuch:x}"},
		{"a circle once", "[a]\nx = ${:y}\ny = ${:z}\nz = ${:x}\n", "circular-reference ${:y}"},
	}
	for _, c := range tests {
		if got := strings.Join(allOf(evaluator(t, c.text), "a"), ", "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestFailingChain checks that an option that fails is worked out once: each
// option of the chain refers to the next one twice.
func TestFailingChain(t *testing.T) {
	var b strings.Builder
	b.WriteString("[a]\n")
	const depth = 200
	for i := range depth {
		fmt.Fprintf(&b, "o%d = ${:o%d} ${:o%d}\n", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "o%d = ${b:x}\n", depth)
	if got := allOf(evaluator(t, b.String()), "a"); !slices.Equal(got, []string{"unknown-section ${b:x}"}) {
		t.Errorf("got %q", got)
	}
}

// TestManyErrors checks that the search for errors has an end.
func TestManyErrors(t *testing.T) {
	ev := evaluator(t, "[a]\nx = "+strings.Repeat("${b:x} ", 3*maxFurther)+"\n")
	ev.Section(t.Context(), "a", diag.Span{})
	if n := len(ev.Further()); n != maxFurther {
		t.Errorf("%d errors beside the first, want %d", n, maxFurther)
	}
}

// TestFrozen checks that nothing is read once the location is known.
func TestFrozen(t *testing.T) {
	ev := evaluator(t, "[a]\nx = ${b:x}\n[b]\nx = 1\n[c]\n")
	a, err := ev.Section(t.Context(), "a", diag.Span{})
	if err != nil {
		t.Fatal(err)
	}
	a.Freeze()
	if _, err := a.Read(t.Context(), "b"); err != nil {
		t.Errorf("a section that was read before: %v", err)
	}
	_, err = a.Read(t.Context(), "c")
	if d := diag.All(err); len(d) != 1 || d[0].Code != "frozen-location" {
		t.Errorf("another section: %v", err)
	}
}
