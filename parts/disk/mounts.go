package disk

import (
	"bytes"
	"path/filepath"
	"strings"
)

// mount is a mount point at a path or below it.
type mount struct {
	point string // absolute, without links
	below string // relative to the path that was asked for
	root  string // the directory of its file system that is mounted
}

// findMounts returns the mount points of a table, in the form of
// /proc/self/mountinfo, that are path or lie below it. path is absolute and
// without links.
func findMounts(table []byte, path string) []mount {
	var list []mount
	for line := range bytes.Lines(table) {
		fields := bytes.Fields(line)
		if len(fields) < 5 {
			continue
		}
		point := unescape(string(fields[4]))
		below, err := filepath.Rel(path, point)
		if err != nil || below == ".." || strings.HasPrefix(below, "../") {
			continue
		}
		list = append(list, mount{point, below, unescape(string(fields[3]))})
	}
	return list
}

// unescape replaces the octal numbers that stand for blanks and backslashes.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && isOctal(s[i+1:i+4]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// isOctal reports whether three digits are the number of a byte.
func isOctal(s string) bool {
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7'
}

// realPath returns path with the links of its directories followed; one at its
// end is not.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, filepath.Base(path)), nil
}
