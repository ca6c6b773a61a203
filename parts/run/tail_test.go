package run

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestTail(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct {
		n      int
		writes []string
		want   []string
	}{
		{3, nil, nil},
		{3, []string{"a\nb\n"}, []string{"a", "b"}},
		{2, []string{"a\nb\nc\nd\n"}, []string{"c", "d"}},
		{2, []string{"a\nb", "c", "\nd"}, []string{"bc", "d"}},
		{2, []string{"a\nb\nc\nd\ne"}, []string{"d", "e"}},
		{1, []string{"a\n", "b"}, []string{"b"}},
		{0, []string{"a\nb"}, nil},
		{-1, []string{"a\n"}, nil},
		{3, []string{"a\n\nb\n"}, []string{"a", "", "b"}},
		{3, []string{"a\r\nb\r", "\n", "c\r\r\n"}, []string{"a", "b", "c"}},
		{3, []string{"10%\r20%\r", "30%", "\ndone\n"}, []string{"30%", "done"}},
		{3, []string{long + "y\nz"}, []string{long[:maxLine-1], "z"}},
		{3, []string{long, "\r", "1%\r", "2%"}, []string{"2%"}},
		{3, []string{strings.Repeat("50%\r", maxLine) + "51%"}, []string{"51%"}},
		{3, []string{strings.Repeat("50%\r", maxLine), "51%\n"}, []string{"51%"}},
	} {
		tail := NewTail(c.n)
		for _, text := range c.writes {
			if n, err := tail.Write([]byte(text)); n != len(text) || err != nil {
				t.Fatalf("Write: got %d, %v", n, err)
			}
		}
		if got := tail.Lines(); !slices.Equal(got, c.want) {
			t.Errorf("NewTail(%d) after %.60q: got %.60q, want %.60q", c.n, c.writes, got, c.want)
		}
	}
}

func TestTailKeepsLittle(t *testing.T) {
	tail := NewTail(1)
	for range 1000 {
		fmt.Fprint(tail, strings.Repeat("x", 1000))
	}
	if got := len(tail.open); got > maxLine {
		t.Errorf("open line: got %d bytes, want at most %d", got, maxLine)
	}
}

func TestTailByManyWriters(t *testing.T) {
	tail := NewTail(100)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 10 {
				fmt.Fprint(tail, "line\n")
			}
		})
	}
	wg.Wait()
	if got := tail.Lines(); len(got) != 100 || got[99] != "line" {
		t.Errorf("got %d lines", len(got))
	}
}
