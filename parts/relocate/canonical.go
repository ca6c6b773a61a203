package relocate

import (
	"fmt"
	"strings"
)

// canonicalRoot is the directory of archives. No such directory exists.
const canonicalRoot = "/@gobuild@"

// Canonical returns the moves to the directory of archives, where each part
// has its place by its name alone. What is there has the same text wherever it
// was built. A site that is too narrow for such a path has the start of it.
func (fs *Facts) Canonical() []Move {
	var moves []Move
	used := map[string]bool{}
	for _, p := range fs.Prefixes {
		to := canonicalPath(p)
		for i := 2; used[to]; i++ {
			to = fmt.Sprintf("%s@%d", canonicalPath(p), i)
		}
		used[to] = true
		moves = append(moves, Move{From: p.Path, To: to})
	}
	return moves
}

func canonicalPath(p Prefix) string {
	name := strings.Map(func(r rune) rune {
		if r == '/' || r < ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, p.Name)
	switch p.Role {
	case RoleParts:
		return canonicalRoot + "/parts"
	case RoleBuildout:
		return canonicalRoot
	case RoleStore:
		return canonicalRoot + "/store/" + name
	}
	return canonicalRoot + "/parts/" + name
}

func isCanonical(path string) bool { return within(path, canonicalRoot) }
