package service

import (
	"regexp"
	"strings"
	"sync"
)

// Tmpfs is a file system in memory that only the program sees.
type Tmpfs struct {
	Size string // as mount(8) takes it
	Path string // where it is mounted; made when it is missing
}

// sizeForm keeps other mount options out of a size.
var sizeForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+([kKmMgGtT]|%)?$`) })

// ParseTmpfs reads `SIZE PATH`: a number of bytes, of k, m, g or t of them, or a
// percentage of the memory.
func ParseTmpfs(line string) (Tmpfs, error) {
	text := strings.TrimSpace(line)
	i := strings.IndexAny(text, " \t")
	if i < 0 {
		return Tmpfs{}, mistake("failed to split %q into size and path", line)
	}
	t := Tmpfs{text[:i], strings.TrimSpace(text[i:])}
	if !sizeForm().MatchString(t.Size) {
		return Tmpfs{}, mistake("%q is not a size", t.Size).WithHint("a size is written 1000000, 100m, 2g or 10%%")
	}
	return t, nil
}
