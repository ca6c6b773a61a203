package history

import (
	"regexp"
	"strings"
	"sync"
)

// sequence matches what steers a terminal: colours, cursors, titles.
var sequence = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-Z\\\\^_=>()][0-9A-B]?)")
})

// plain returns the text of a log as a reader of a terminal sees it in the end:
// without colours, and of a line that was overwritten the last state.
func plain(text string) string {
	if strings.Contains(text, "\x1b") {
		text = sequence().ReplaceAllString(text, "")
	}
	if !strings.Contains(text, "\r") {
		return text
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		lines[i] = line[strings.LastIndexByte(line, '\r')+1:]
	}
	return strings.Join(lines, "\n")
}
