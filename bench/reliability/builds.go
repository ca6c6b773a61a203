//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// buildLine is a line of the log of shared builds: what happened to which
// part, by which run, when.
type buildLine struct {
	what, part, mark string
	at               time.Duration // since 1970
}

// lines reads the log.
func (g *ring) lines() ([]buildLine, error) {
	text, err := os.ReadFile(g.log)
	if err != nil {
		return nil, err
	}
	var all []buildLine
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) != 4 {
			return nil, fmt.Errorf("log of builds: %q", line)
		}
		at, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil {
			return nil, err
		}
		all = append(all, buildLine{f[0], f[1], f[2], time.Duration(at)})
	}
	return all, nil
}

// owners returns the marks of runs that build something.
func owners(lines []buildLine) map[string]bool {
	at := map[string]bool{}
	for _, l := range lines {
		switch l.what {
		case "start":
			at[l.mark] = true
		case "end", "killed":
			delete(at, l.mark)
		}
	}
	return at
}

// builds is what the log of a round tells.
type builds struct {
	starts      int
	interrupted int           // builders that were killed
	longest     time.Duration // from a kill to the next builder
	violations  []string
}

// judgeBuilds reads the log in its order: at each moment a part has one
// builder, and a new one starts only when the one before was killed.
func judgeBuilds(lines []buildLine, dead map[string]bool) builds {
	var b builds
	owner, killedAt, ended := map[string]string{}, map[string]time.Duration{}, map[string]string{}
	for _, l := range lines {
		switch l.what {
		case "killed":
			for part, mark := range owner {
				if mark == l.mark && ended[part] == "" {
					killedAt[part] = l.at
					b.interrupted++
				}
			}
			continue
		case "start":
			b.starts++
			if mark := owner[l.part]; mark != "" && !dead[mark] {
				b.say("%s started by %s although %s has it", l.part, l.mark, mark)
			}
			if at, ok := killedAt[l.part]; ok {
				b.longest = max(b.longest, l.at-at)
				delete(killedAt, l.part)
			}
			owner[l.part], ended[l.part] = l.mark, ""
			continue
		case "end":
			ended[l.part] = l.mark
		}
		if owner[l.part] != l.mark {
			b.say("%s: %s of %s, which was killed, while %s builds", l.part, l.what, l.mark, owner[l.part])
		}
	}
	for part, mark := range owner {
		if ended[part] == "" {
			b.say("%s was begun by %s and never ended", part, mark)
		}
	}
	if b.longest > handOver {
		b.say("a hand-over took %s", b.longest)
	}
	return b
}

func (b *builds) say(format string, args ...any) {
	b.violations = append(b.violations, fmt.Sprintf(format, args...))
}
