package bridge

import (
	"bytes"
	"strings"
	"testing"
)

const testToken = "gobuild-test"

// stream is what a process prints: `+1`, `-1` and so on are marks.
func stream(words ...string) string {
	var b strings.Builder
	for _, w := range words {
		if len(w) == 2 && (w[0] == '+' || w[0] == '-') {
			w = "\x00" + testToken + w + "\n"
		}
		b.WriteString(w)
	}
	return b.String()
}

func TestOutput(t *testing.T) {
	text := stream("before\n", "+1", "a\n", "+2", "b", "\n", "-2", "c\x00\n", "-1", "after\n")
	for size := 1; size <= len(text); size++ {
		o := newOutput(testToken)
		var one, two bytes.Buffer
		o.begin(1, &one)
		o.begin(2, &two)
		for at := 0; at < len(text); at += size {
			piece := text[at:min(at+size, len(text))]
			if n, err := o.Write([]byte(piece)); n != len(piece) || err != nil {
				t.Fatal(n, err)
			}
		}
		o.end(2, nil)
		o.end(1, nil)
		if one.String() != "a\nc\x00\n" || two.String() != "b\n" {
			t.Fatalf("in pieces of %d: %q, %q", size, one.String(), two.String())
		}
		if tail := strings.Join(o.tail.Lines(), "|"); tail != "before|after" {
			t.Fatalf("in pieces of %d: %q", size, tail)
		}
	}
}

// What a recipe prints may look like a mark.
func TestOutputHostile(t *testing.T) {
	for _, text := range []string{
		stream("+1", "-2", "x\n", "-1"), stream("+1", "+3", "x\n", "-1"), stream("+1", "\x00"+testToken+"x\n", "x\n", "-1"),
		stream("+1", "\x00"+testToken+"\n", "x\n", "-1"), stream("+1", "x\n", "-1", "-1"),
	} {
		o := newOutput(testToken)
		var one bytes.Buffer
		o.begin(1, &one)
		o.Write([]byte(text))
		o.end(1, nil)
		if one.String() != "x\n" {
			t.Errorf("%q: %q", text, one.String())
		}
	}
}

// A process that has ended says no more.
func TestOutputEnded(t *testing.T) {
	o := newOutput(testToken)
	var one bytes.Buffer
	o.begin(1, &one)
	o.Write([]byte(stream("+1", "x\n")))
	over := make(chan struct{})
	close(over)
	o.end(1, over)
	o.end(1, over) // it was waited for
	if one.String() != "x\n" {
		t.Errorf("%q", one.String())
	}
}

func FuzzOutput(f *testing.F) {
	f.Add(stream("+1", "a", "-1"), 3)
	f.Fuzz(func(t *testing.T, text string, size int) {
		whole, pieces := newOutput(testToken), newOutput(testToken)
		var a, b bytes.Buffer
		whole.begin(1, &a)
		pieces.begin(1, &b)
		whole.Write([]byte(text))
		size = max(1, min(size, 100))
		for at := 0; at < len(text); at += size {
			pieces.Write([]byte(text[at:min(at+size, len(text))]))
		}
		if a.String() != b.String() {
			t.Errorf("%q in pieces of %d: %q, want %q", text, size, b.String(), a.String())
		}
	})
}
