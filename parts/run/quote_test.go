package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The answers are those of Python 3.11's shlex.split.
func TestSplit(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
		err  error
	}{
		{"", nil, nil},
		{" \t\r\n", nil, nil},
		{"a b", []string{"a", "b"}, nil},
		{"  a\tb\r\nc ", []string{"a", "b", "c"}, nil},
		{"a\fb\vc", []string{"a\fb\vc"}, nil},
		{`''`, []string{""}, nil},
		{`a '' ""`, []string{"a", "", ""}, nil},
		{`a''b`, []string{"ab"}, nil},
		{`'a b'"c d"e`, []string{"a bc de"}, nil},
		{`--x="1 2"`, []string{"--x=1 2"}, nil},
		{`a\ b`, []string{"a b"}, nil},
		{`\a\\\'\"`, []string{`a\'"`}, nil},
		{"a\\\nb", []string{"a\nb"}, nil},
		{"\"a\\\nb\"", []string{"a\\\nb"}, nil},
		{`"\$\a\"\\\'"`, []string{`\$\a"\\'`}, nil},
		{`'\n'`, []string{`\n`}, nil},
		{`a # b`, []string{"a", "#", "b"}, nil},
		{`a;b|c>d (e)`, []string{"a;b|c>d", "(e)"}, nil},
		{`é "ü ß"`, []string{"é", "ü ß"}, nil},
		{"\xff'\xfe '", []string{"\xff\xfe "}, nil},
		{`'`, nil, NoClosingQuotation},
		{`a "b`, nil, NoClosingQuotation},
		{`"a\"`, nil, NoClosingQuotation},
		{`\`, nil, NoEscapedCharacter},
		{`"a\`, nil, NoEscapedCharacter},
		{`'a\`, nil, NoClosingQuotation},
	} {
		got, err := Split(c.text)
		if !slices.Equal(got, c.want) || !errors.Is(err, c.err) {
			t.Errorf("Split(%q): got %q, %v, want %q, %v", c.text, got, err, c.want, c.err)
		}
	}
}

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"": "''", "a": "a", "aZ09_@%+=:,./-": "aZ09_@%+=:,./-",
		"a b": "'a b'", "it's": `'it'"'"'s'`, "'": `''"'"''`, "$x": "'$x'", "~": "'~'",
		"é": "'é'", "a\nb": "'a\nb'", "*": "'*'", "\\": `'\'`, "#": "'#'",
	} {
		if got := Quote(word); got != want {
			t.Errorf("Quote(%q): got %s, want %s", word, got, want)
		}
	}
	if got, want := Join([]string{"make", "CC=gcc -m64", ""}), "make 'CC=gcc -m64' ''"; got != want {
		t.Errorf("Join: got %s, want %s", got, want)
	}
	if got := Join(nil); got != "" {
		t.Errorf("Join(nil): got %q", got)
	}
	if got, want := Shell("a; b"), []string{"/bin/sh", "-c", "a; b"}; !slices.Equal(got, want) {
		t.Errorf("Shell: got %q, want %q", got, want)
	}
}

const shlexScript = `
import json, shlex, sys
def split(text):
    try:
        return [shlex.split(text), ""]
    except ValueError as e:
        return [[], str(e)]
json.dump([[shlex.quote(t)] + split(t) for t in json.load(sys.stdin)], sys.stdout)
`

func TestAgainstShlex(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	texts := randomTexts(5000)
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", shlexScript)
	cmd.Stdin = bytes.NewReader(input)
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers [][]any
	if err := json.Unmarshal(output, &answers); err != nil || len(answers) != len(texts) {
		t.Fatalf("got %d answers, %v", len(answers), err)
	}
	for i, text := range texts {
		words, err := Split(text)
		message := ""
		if err != nil {
			message = err.Error()
		}
		got, _ := json.Marshal([]any{Quote(text), append([]string{}, words...), message})
		want, _ := json.Marshal(answers[i])
		if !bytes.Equal(got, want) {
			t.Fatalf("%q: got %s, want %s", text, got, want)
		}
	}
}

func randomTexts(n int) []string {
	alphabet := []rune("ab \t\n\r\f\v'\"\\#$;é\u2028\x00\x7f'\"\\ ")
	random := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, n)
	for i := range texts {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		texts[i] = b.String()
	}
	return texts
}

func FuzzSplit(f *testing.F) {
	for _, text := range []string{"", "a 'b c' \"d\\\"\" \\e", "'", `"\`, "a\\\nb"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, err := Split(text)
		if err != nil {
			if words != nil {
				t.Fatalf("Split(%q): words %q with error %v", text, words, err)
			}
			return
		}
		again, err := Split(Join(words))
		if err != nil || !slices.Equal(again, words) {
			t.Fatalf("Split(%q) = %q; joined and split again: %q, %v", text, words, again, err)
		}
		one, err := Split(Quote(text))
		if err != nil || !slices.Equal(one, []string{text}) {
			t.Fatalf("Split(Quote(%q)): got %q, %v", text, one, err)
		}
	})
}
