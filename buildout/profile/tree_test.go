package profile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

// plainTree is tree without any sharing: each path is walked.
func plainTree(l *loader) sections {
	t := treeWalk{loader: l, nodes: map[string]*treeNode{}, real: map[string]string{}}
	root := t.roots()[0]
	for _, n := range t.nodes {
		n.many = false
	}
	acc := sections{}
	t.stream(root.node, root.name, acc)
	return acc
}

// sharedTree is the first root alone, each file with several paths worked out
// once.
func sharedTree(l *loader) sections {
	t := treeWalk{loader: l, nodes: map[string]*treeNode{}, real: map[string]string{}}
	root := t.roots()[0]
	acc := sections{}
	t.stream(root.node, root.name, acc)
	return acc
}

func treeLoader(files memory) *loader {
	l := &loader{Config: Config{Root: "/p/buildout.cfg", Dir: "/p", Dialect: Upstream, Open: files, Condition: yesNo},
		ctx: context.Background(), files: map[string]*file{}, seen: map[*file]bool{}}
	l.profile = &Profile{Directory: "/p"}
	return l
}

// view is all that can be seen of sections.
func view(all sections) map[string]any {
	seen := map[string]any{}
	for name, s := range all {
		seen[name] = s.Header
		for k, v := range s.Options {
			seen[name+":"+k] = []any{v.Text, v.huge, v.Earlier(), v.History()}
		}
	}
	return seen
}

// diamonds makes n files of which each extends several of those after it.
func diamonds(r *rand.Rand, n int) memory {
	files := memory{}
	name := func(i int) string {
		if i == 0 {
			return "buildout.cfg"
		}
		return fmt.Sprintf("%sf%d.cfg", []string{"", "a/", "a/b/"}[i%3], i)
	}
	for i := range n {
		var b strings.Builder
		b.WriteString("[buildout]\nextends =")
		for range min(1+r.IntN(3), n-1-i) {
			to := i + 1 + r.IntN(min(n-1-i, 3))
			b.WriteString(" " + strings.Repeat("../", strings.Count(name(i), "/")) + name(to))
		}
		b.WriteString("\n")
		for range r.IntN(4) {
			fmt.Fprintf(&b, "[s%d]\n", r.IntN(3))
			if r.IntN(4) == 0 {
				b.WriteString("<= m\n")
			}
			for range r.IntN(4) {
				fmt.Fprintf(&b, "o%d %s %s\n", r.IntN(3), []string{"=", "+=", "+=", "-=", "-="}[r.IntN(5)],
					[]string{"", "1", "2", "1\n  2", "3\n\n  1", "\n\n  2"}[r.IntN(6)])
			}
		}
		files[name(i)] = b.String()
	}
	return files
}

// TestTreeShared checks that a file to which many paths lead gives the same
// values and histories as when each path is walked.
func TestTreeShared(t *testing.T) {
	for seed := range uint64(1500) {
		files := diamonds(rand.New(rand.NewPCG(seed, 4)), 3+int(seed%7))
		want, got := view(plainTree(treeLoader(files))), view(sharedTree(treeLoader(files)))
		for k := range want {
			// The two loaders have sources of their own: places are compared as text.
			if !reflect.DeepEqual(places(want[k]), places(got[k])) {
				t.Fatalf("seed %d: %s\ngot  %v\nwant %v\n%v", seed, k, places(got[k]), places(want[k]), files)
			}
		}
		if len(want) != len(got) {
			t.Fatalf("seed %d: %d results, want %d", seed, len(got), len(want))
		}
	}
}

// places replaces spans by their texts.
func places(x any) any {
	switch x := x.(type) {
	case diag.Span:
		return diag.Place(x.From)
	case []any:
		list := slices.Clone(x)
		var h []string
		for _, s := range x[3].([]Setting) {
			h = append(h, fmt.Sprintf("%s %q %s %s %s", s.Op, s.Text, s.Source, diag.Place(s.At.From), diag.Place(s.KeyAt.From)))
		}
		list[3] = h
		return list
	}
	return x
}

// tower makes n levels of two files that both extend both files of the next:
// 2^n paths lead to base.cfg.
func tower(n int, base, level string) memory {
	files := memory{"base.cfg": base}
	below := "base.cfg"
	for i := range n {
		l, r := fmt.Sprintf("l%d.cfg", i), fmt.Sprintf("r%d.cfg", i)
		files[l] = "[buildout]\nextends = " + below + "\n" + level
		files[r] = "[buildout]\nextends = " + below + "\n" + level
		below = l + " " + r
	}
	files["buildout.cfg"] = "[buildout]\nparts =\nextends = " + below + "\n"
	return files
}

// TestManyPaths loads 2^40 paths.
func TestManyPaths(t *testing.T) {
	files := tower(40, "[a]\nx = 1\ny = 1\n", "[a]\nx = 2\nx -= 1\ny += 2\ny -= 2\n")
	p, err := Load(context.Background(), Config{Root: "buildout.cfg", Dir: "/p", Dialect: Upstream, Open: files})
	if err != nil {
		t.Fatal(err)
	}
	x := p.Value("a", "x")
	if x.Text != "2" || x.Source() != "/p/r39.cfg" || p.Value("a", "y").Text != "1" {
		t.Errorf("x is %q from %s, y is %q", x.Text, x.Source(), p.Value("a", "y").Text)
	}
	y := p.Value("a", "y")
	if len(y.History()) != maxHistory || y.Earlier() == 0 {
		t.Errorf("%d settings shown, %d more", len(y.History()), y.Earlier())
	}
}

// TestManyAdditions checks that a value which grows with the number of paths
// is an error where it counts, and none where it is set again.
func TestManyAdditions(t *testing.T) {
	for level, code := range map[string]string{"": "value-too-large", "[a]\nx = 3\n": ""} {
		files := tower(40, "[a]\nx += 1\n", "")
		files["buildout.cfg"] += level
		_, err := Load(context.Background(), Config{Root: "buildout.cfg", Dir: "/p", Dialect: Upstream, Open: files})
		got := ""
		for _, d := range diag.All(err) {
			got = d.Code
		}
		if got != code {
			t.Errorf("%q: error %q, want %q", level, got, code)
		}
	}
}

// TestEdits compares composed edits with edits done one by one.
func TestEdits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		n := r.IntN(4)
		list := make([]string, n)
		for i := range list {
			list[i] = []string{"", "a", "b", "c"}[r.IntN(4)]
		}
		return strings.Join(list, "\n")
	}
	for range 20000 {
		var steps []edits
		for range r.IntN(6) {
			if r.IntN(2) == 0 {
				steps = append(steps, adding(text()))
			} else {
				steps = append(steps, removing(text()))
			}
		}
		v := linesOf(text())
		want, cut := v, 0
		for _, s := range steps {
			want = s.apply(want)
		}
		if len(steps) > 0 {
			cut = r.IntN(len(steps))
		}
		fold := func(list []edits) (e edits) {
			for _, s := range list {
				e = e.then(s)
			}
			return e
		}
		if got := fold(steps[:cut]).then(fold(steps[cut:])).apply(v); got != want {
			t.Fatalf("%q with %+v: %q, want %q", v.text, steps, got.text, want.text)
		}
	}
}

// TestHostileGrowth checks that macros in diamonds are expanded once for each
// section, and that a value which doubles again and again is an error.
func TestHostileGrowth(t *testing.T) {
	var b strings.Builder
	b.WriteString("[buildout]\nparts = m0 v0\n")
	for i := range 60 {
		fmt.Fprintf(&b, "[m%d]\n<= m%da\n   m%db\n[m%da]\n<= m%d\n[m%db]\n<= m%d\n", i, i, i, i, i+1, i, i+1)
		fmt.Fprintf(&b, "[v%d]\nx = ${v%d:x}${v%d:x}\n", i, i+1, i+1)
	}
	b.WriteString("[m60]\nx = 1\n[v60]\nx = 12345678\n")
	p, err := Load(context.Background(), Config{Root: "buildout.cfg", Dir: "/p", Dialect: Upstream, Open: memory{"buildout.cfg": b.String()}})
	if err != nil {
		t.Fatal(err)
	}
	ev := &Evaluator{Profile: p}
	if e, err := ev.Section(context.Background(), "m0", diag.Span{}); err != nil || e.Raw("x").Text != "1" {
		t.Errorf("macros: %v", err)
	}
	_, err = ev.Section(context.Background(), "v0", diag.Span{})
	if all := diag.All(err); len(all) == 0 || all[0].Code != "value-too-large" {
		t.Errorf("doubling value: %v", err)
	}
}
