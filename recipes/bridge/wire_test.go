package bridge

import (
	"testing"
	"unicode/utf8"
)

func TestWired(t *testing.T) {
	for text, want := range map[string]string{"": "", "a é": "a é", "caf\xe9": "caf\x00e9", "\xff\xfe/\u20ac": "\x00ff\x00fe/\u20ac", "\xe2\x82": "\x00e2\x0082"} {
		got := wired(text)
		if got != want || !utf8.ValidString(got) {
			t.Errorf("%q is sent as %q, want %q", text, got, want)
		}
		if back := unwired(got); back != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	}
	for text, want := range map[string]string{"\x00": "", "\x00x": "x", "\x00zz": "zz"} {
		if got := unwired(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
