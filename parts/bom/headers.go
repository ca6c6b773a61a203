package bom

import (
	"bytes"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	// sampled is how many files are looked at for what they say of licences.
	sampled = 200
	// headSize is how much of a file is read for that.
	headSize = 4 << 10
)

// sourceEndings are those of files that people write, and that say under which
// licence.
var sourceEndings = []string{".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".py", ".pl", ".pm", ".go", ".rs", ".java", ".js", ".rb", ".php", ".y", ".l"}

// noticePattern finds the notice of the FSF that applies a licence, in a text
// of lower case words: its family, the version, and whether later ones count. A
// notice that names a version and no later one says `only` when it is in one of
// the two forms that are used for that.
var noticePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(lesser |library |affero )?general public licen[cs]e ` +
		`(?:v ?([0-9](?:\.[0-9])?) |version ([0-9](?:\.[0-9])?) )?(as published by the free software foundation )?` +
		`(?:(?:either )?version ([0-9](?:\.[0-9])?) )?(?:of the licen[cs]e )?(or (?:at your option )?(?:any )?later|only )?`)
})

// tagPattern finds the tag of SPDX.
var tagPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+() -]{2,100})`)
})

// headerIDs returns the SPDX identifiers that the head of a file names in its
// tag, or by the notice of a licence of the FSF.
func headerIDs(text []byte) []string {
	var ids []string
	for _, m := range tagPattern().FindAllSubmatch(text, -1) {
		ids = append(ids, strings.TrimSpace(strings.TrimSuffix(string(m[1]), "--")))
	}
	for _, m := range noticePattern().FindAllStringSubmatch(plainWords(text), -1) {
		version := m[2] + m[3] + m[5]
		if !strings.Contains(version, ".") {
			version += ".0"
		}
		id := map[string]string{"": "GPL-", "lesser ": "LGPL-", "library ": "LGPL-", "affero ": "AGPL-"}[m[1]] + version
		switch {
		case version == ".0":
		case strings.HasPrefix(m[6], "or "):
			ids = append(ids, id+"-or-later")
		case m[6] != "" || m[3] != "" && m[4] != "":
			ids = append(ids, id+"-only")
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// plainWords returns the words of a text in lower case, with a space behind
// each: comment marks and line ends do not count.
func plainWords(text []byte) string {
	var b strings.Builder
	for _, word := range bytes.FieldsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.')
	}) {
		if word = bytes.Trim(word, "."); len(word) > 0 {
			b.WriteString(strings.ToLower(string(word)))
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// settle returns id with what the headers of the sources say of later
// versions, when all that speak of the licence say the same. Otherwise it stays
// open.
func settle(id string, headers []string) string {
	base, with, excepted := strings.Cut(id, " WITH ")
	only, later := slices.Contains(headers, base+"-only"), slices.Contains(headers, base+"-or-later")
	later = later || slices.Contains(headers, base+"+")
	switch {
	case only == later:
		return id
	case only:
		base += "-only"
	default:
		base += "-or-later"
	}
	if excepted {
		return base + " WITH " + with
	}
	return base
}

// sampleHeaders counts what the files of an unpacked source say of licences.
func sampleHeaders(root *os.Root) map[string]int {
	counts := map[string]int{}
	looked := 0
	buffer := make([]byte, headSize)
	walkSources(root, func(name string) bool {
		looked++
		for _, id := range headerIDs(readHead(root, name, buffer)) {
			counts[id]++
		}
		return looked < sampled
	})
	return counts
}

// walkSources calls visit with the names of source files, those nearest to the
// top first, until it returns false.
func walkSources(root *os.Root, visit func(name string) bool) {
	const depth = 3
	level := []string{"."}
	for range depth {
		var below []string
		for _, dir := range level {
			for _, e := range readDir(root, dir) {
				name := path.Join(dir, e.Name())
				switch {
				case e.IsDir() && !isAside(e.Name()) && !isForeign(e.Name()):
					below = append(below, name)
				case e.Type().IsRegular() && slices.Contains(sourceEndings, path.Ext(name)) && !visit(name):
					return
				}
			}
		}
		level = below
	}
}

// readHead reads the beginning of a file into buffer. What cannot be read is
// empty.
func readHead(root *os.Root, name string, buffer []byte) []byte {
	f, err := root.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	n, _ := io.ReadFull(f, buffer)
	return buffer[:n]
}
