package manifest

import (
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
)

// castagnoli is the polynomial that processors compute by themselves.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	escapes   = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`)
	unescapes = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n")
)

func escape(field string) string {
	if strings.ContainsAny(field, "\\\t\n") {
		return escapes.Replace(field)
	}
	return field
}

func unescape(field string) string {
	if strings.IndexByte(field, '\\') >= 0 {
		return unescapes.Replace(field)
	}
	return field
}

// sumDigits is the length of the checksum of a line, the tab before it
// included.
const sumDigits = 9

// line returns the line that holds fields, with its line end.
func line(fields ...string) string {
	n := sumDigits + 1
	for _, f := range fields {
		n += len(f) + 1
	}
	b := make([]byte, 0, n)
	for i, f := range fields {
		if i > 0 {
			b = append(b, '\t')
		}
		b = append(b, escape(f)...)
	}
	return string(append(appendSum(b), '\n'))
}

func appendSum(b []byte) []byte {
	sum := crc32.Checksum(b, castagnoli)
	b = append(b, '\t')
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[sum>>shift&15])
	}
	return b
}

// content returns a line without its checksum; ok is false when that is wrong.
func content(text string) (fields string, ok bool) {
	n := len(text) - sumDigits
	if n < 0 || text[n] != '\t' {
		return "", false
	}
	var sum uint32
	for _, c := range []byte(text[n+1:]) {
		switch {
		case c >= '0' && c <= '9':
			sum = sum<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			sum = sum<<4 | uint32(c-'a'+10)
		default:
			return "", false
		}
	}
	return text[:n], sum == crc32.Checksum([]byte(text[:n]), castagnoli)
}

// lines calls use with the content of each line behind the head and returns
// how much of the text counts; ok is false when the text is no such file.
func lines(text, head string, use func(fields string) bool) (valid int, ok bool) {
	if !strings.HasPrefix(text, head) {
		return 0, false
	}
	for at := len(head); ; {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return at, true
		}
		fields, good := content(text[at : at+n])
		if !good || !use(fields) {
			return 0, false
		}
		at += n + 1
	}
}

// reader takes the fields of a line one by one.
type reader struct {
	rest string
	done bool // nothing is left
	bad  bool // something was missing or malformed
}

func (r *reader) text() string {
	if r.done {
		r.bad = true
		return ""
	}
	field, rest, more := strings.Cut(r.rest, "\t")
	r.rest, r.done = rest, !more
	return unescape(field)
}

// number reads a decimal number.
func (r *reader) number() int64 {
	field := r.text()
	digits := strings.TrimPrefix(field, "-")
	if digits == "" || len(digits) > 18+1 {
		r.bad = true
		return 0
	}
	var n int64
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' || n > (1<<63-1-9)/10 {
			r.bad = true
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(field) {
		n = -n
	}
	return n
}

// replaceFile writes a whole file by a temporary name beside it. With sync it is
// on disk before it gets its name; else it may tell nothing after a power
// failure.
func replaceFile(path string, sync bool, write func(*os.File) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	temp := path + ".tmp"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil && sync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}
