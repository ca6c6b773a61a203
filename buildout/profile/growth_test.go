package profile

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// inOrder is a profile of n parts that have ten references each to those before
// them.
func inOrder(n int) memory {
	var b strings.Builder
	b.WriteString("[buildout]\nparts =\n")
	for i := range n {
		fmt.Fprintf(&b, "  s%d\n", i)
	}
	for i := range n {
		fmt.Fprintf(&b, "[s%d]\nrecipe = r\nv = %d\n", i, i)
		for j := 1; j <= min(10, i); j++ {
			fmt.Fprintf(&b, "o%d = ${s%d:v}\n", j, i-j)
		}
	}
	return memory{"buildout.cfg": b.String()}
}

// lastFirst is the same with only the last section as a part: the sections are
// evaluated within each other.
func lastFirst(n int) memory {
	files := inOrder(n)
	text := files["buildout.cfg"]
	files["buildout.cfg"] = fmt.Sprintf("[buildout]\nparts = s%d\n", n-1) + text[strings.Index(text, "[s0]"):]
	return files
}

// inARow is a section whose options refer to each other in one row.
func inARow(n int) memory {
	var b strings.Builder
	b.WriteString("[buildout]\nparts = a\n[a]\n")
	for i := range n {
		fmt.Fprintf(&b, "o%d = ${:o%d}\n", i, i+1)
	}
	fmt.Fprintf(&b, "o%d = 1\n", n)
	return memory{"buildout.cfg": b.String()}
}

// manyInOne is a section that reads n others in one value.
func manyInOne(n int) memory {
	var b strings.Builder
	b.WriteString("[buildout]\nparts = a\n[a]\nx =\n")
	for i := range n {
		fmt.Fprintf(&b, "  ${s%d:v}\n", i)
	}
	for i := range n {
		fmt.Fprintf(&b, "[s%d]\nv = 1\n", i)
	}
	return memory{"buildout.cfg": b.String()}
}

// manyFiles is a row of files that each extend the next one and base.cfg.
func manyFiles(n int) memory {
	files := memory{"base.cfg": "[s]\nx = 1\n", fmt.Sprintf("f%d.cfg", n): "", "buildout.cfg": "[buildout]\nparts =\nextends = f0.cfg\n"}
	for i := range n {
		files[fmt.Sprintf("f%d.cfg", i)] = fmt.Sprintf("[buildout]\nextends = f%d.cfg base.cfg\n[s]\ny += %d\n", i+1, i)
	}
	return files
}

// shapes are profiles that grow with a number.
var shapes = map[string]func(int) memory{
	"in order": inOrder, "last first": lastFirst, "in a row": inARow, "many in one": manyInOne,
	"many files": func(n int) memory { return manyFiles(n / 10) },
}

// TestGrowth checks that what a profile takes grows with its size, not faster:
// allocations and bytes are counted, not time.
func TestGrowth(t *testing.T) {
	for name, shape := range shapes {
		smallCount, smallBytes := allocated(shape(200))
		count, bytes := allocated(shape(2000))
		if count > 12*smallCount || bytes > 15*smallBytes {
			t.Errorf("%s: %d allocations with %d bytes for 200, %d with %d for 2,000", name, smallCount, smallBytes, count, bytes)
		}
	}
}

func allocated(files memory) (count, bytes uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	evaluated(files, SlapOS, nil)
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
}

// BenchmarkEvaluate shows that ten times the sections take ten times as long.
func BenchmarkEvaluate(b *testing.B) {
	for name, shape := range shapes {
		for _, n := range []int{1000, 10000} {
			files := shape(n)
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					evaluated(files, SlapOS, nil)
				}
			})
		}
	}
}

// BenchmarkPaths loads 2^40 paths.
func BenchmarkPaths(b *testing.B) {
	files := tower(40, "[a]\nx = 1\n", "[a]\ny = 2\n")
	for b.Loop() {
		evaluated(files, Upstream, nil)
	}
}
