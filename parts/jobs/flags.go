package jobs

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gobuild/parts/run"
)

// Unlimited is the answer of OwnJobs for as many jobs as can be, and for a
// number that only the shell knows.
const Unlimited = -1

// The options of GNU make of one letter: the first take nothing, the others an
// argument that may follow at once.
const (
	plainLetters    = "bBdeiknpqrRsStvwL"
	argumentLetters = "CEfIloOW"
)

// OwnJobs returns how many jobs the options in texts ask for, which are words
// of a shell for make or ninja: -jN, -j N, --jobs=N, --parallel N. The values of
// MAKEFLAGS and CMAKE_BUILD_PARALLEL_LEVEL count, other variables do not. It is
// 0 when they say nothing of jobs, Unlimited, or the greatest number.
func OwnJobs(texts ...string) int {
	most := 0
	for _, text := range texts {
		n := wordsJobs(shellWords(text))
		if n == Unlimited {
			return n
		}
		most = max(most, n)
	}
	return most
}

// WithoutOwnJobs returns the options of a program without those that OwnJobs
// finds, and how many jobs they asked for. Nothing is taken out, and n is 0, if
// they ask for one job or stand not alone as -jN, -j N, --jobs=N or -j, or if
// the program is not make by its name.
func WithoutOwnJobs(program, options string) (rest string, n int) {
	n = OwnJobs(options)
	if n == 0 || n == 1 || !slices.Contains([]string{"make", "gmake"}, path.Base(program)) {
		return options, 0
	}
	rest = options
	for plainJobs().MatchString(rest) { // a blank is between two, and belongs to one
		rest = plainJobs().ReplaceAllString(rest, "$1")
	}
	rest = strings.TrimSpace(rest)
	if OwnJobs(rest) != 0 {
		return options, 0
	}
	return rest, n
}

// plainJobs matches an option for jobs that stands alone, with the blanks
// behind it.
var plainJobs = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(^|\s)(?:-j\s*[0-9]*|--jobs(?:[=\s]\s*[0-9]+)?)(?:\s+|$)`)
})

// shellWords splits text roughly as a shell does. A variable that sets the
// number of jobs becomes an option.
func shellWords(text string) []string {
	text = strings.NewReplacer(`"`, "", "'", "").Replace(text)
	words := strings.Fields(assignment().ReplaceAllString(text, "="))
	for i, word := range words {
		if value, ok := strings.CutPrefix(word, "MAKEFLAGS="); ok {
			words[i] = value
		} else if value, ok := strings.CutPrefix(word, "CMAKE_BUILD_PARALLEL_LEVEL="); ok {
			words[i] = "-j" + value
		}
	}
	return words
}

var assignment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[ \t]*=[ \t]*`) })

// makeflagsJobs is OwnJobs for the value of MAKEFLAGS, whose first word may be
// letters without a dash. What is behind -- are values of variables.
func makeflagsJobs(flags string) int {
	words := strings.Fields(flags)
	if len(words) > 0 && bareLetters(words[0]) {
		words[0] = "-" + words[0]
	}
	for i, word := range words {
		if word == "--" {
			words = words[:i]
			break
		}
	}
	return wordsJobs(words)
}

func bareLetters(word string) bool {
	return !strings.HasPrefix(word, "-") && !strings.Contains(word, "=")
}

// wordsJobs returns the last number of jobs that words ask for.
func wordsJobs(words []string) int {
	jobs := 0
	for i, word := range words {
		value, ok := jobsValue(word)
		if !ok {
			continue
		}
		if value == "" && i+1 < len(words) && number(words[i+1]) > 0 {
			value = words[i+1]
		}
		if n := number(value); n > 0 {
			jobs = n
			continue
		}
		jobs = Unlimited
	}
	return jobs
}

// jobsValue returns what an option for jobs has behind it. ok is false for any
// other word.
func jobsValue(word string) (value string, ok bool) {
	for _, long := range []string{"--jobs", "--parallel"} {
		if rest, found := strings.CutPrefix(word, long); found && (rest == "" || rest[0] == '=') {
			return strings.TrimPrefix(rest, "="), true
		}
	}
	if len(word) < 2 || word[0] != '-' || word[1] == '-' {
		return "", false
	}
	for i := 1; i < len(word); i++ {
		switch {
		case word[i] == 'j':
			return clusterValue(word[i+1:])
		case !strings.ContainsRune(plainLetters, rune(word[i])):
			return "", false
		}
	}
	return "", false
}

// clusterValue reads what follows a j among letters: a number, something that
// a shell or make expands, or more letters.
func clusterValue(rest string) (value string, ok bool) {
	if rest == "" || number(rest) >= 0 || strings.ContainsRune("$`{", rune(rest[0])) {
		return rest, true
	}
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	for _, letter := range rest[digits:] {
		if !strings.ContainsRune(plainLetters+argumentLetters, letter) {
			return "", false
		}
	}
	return rest[:digits], true
}

// number reads a decimal number; -1 is none.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || text[0] == '+' {
		return -1
	}
	return n
}

// auth returns the jobserver that MAKEFLAGS names, or "".
func auth(flags string) string {
	found := ""
	for _, word := range strings.Fields(flags) {
		if word == "--" {
			break
		}
		if value, ok := jobserverWord(word); ok {
			found = value
		}
	}
	return found
}

func jobserverWord(word string) (value string, ok bool) {
	for _, name := range []string{"--jobserver-auth=", "--jobserver-fds="} {
		if value, ok := strings.CutPrefix(word, name); ok {
			return value, true
		}
	}
	return "", false
}

// strip takes the number of jobs and the jobserver out of MAKEFLAGS.
func strip(flags string) string {
	var kept []string
	words := strings.Fields(flags)
	for i, word := range words {
		if word == "--" {
			kept = append(kept, words[i:]...)
			break
		}
		_, server := jobserverWord(word)
		if _, jobs := jobsValue(word); !server && !jobs {
			kept = append(kept, word)
		}
	}
	if len(kept) > 0 && !bareLetters(kept[0]) {
		return " " + strings.Join(kept, " ")
	}
	return strings.Join(kept, " ")
}

// addJobserver puts a jobserver into MAKEFLAGS as make itself does: behind the
// letters, before everything else.
func addJobserver(flags string, total int, word string, s style) string {
	added := " -j" + strconv.Itoa(total)
	if s == pipe {
		added += " --jobserver-fds=" + word // of make before 4.2
	}
	added += " --jobserver-auth=" + word
	letters, rest := "", strings.TrimLeft(flags, " \t")
	if first, _, _ := strings.Cut(rest, " "); bareLetters(first) {
		letters, rest = first, strings.TrimLeft(rest[len(first):], " \t")
	}
	if rest != "" {
		rest = " " + rest
	}
	return letters + added + rest
}

// with returns env with one variable set. The place of the variable is kept.
func with(env []string, name, value string) []string {
	changed := make([]string, 0, len(env)+1)
	set := false
	for _, e := range env {
		if !strings.HasPrefix(e, name+"=") {
			changed = append(changed, e)
		} else if !set {
			changed, set = append(changed, name+"="+value), true
		}
	}
	if !set {
		changed = append(changed, name+"="+value)
	}
	return changed
}

// makeflags returns the MAKEFLAGS of env. The jobserver that gobuild was itself
// started with is not the user's word on what a part may do.
func (p *Pool) makeflags(env []string) string {
	flags, _ := run.LookupEnv(env, "MAKEFLAGS")
	if given := auth(p.options.Makeflags); given != "" && auth(flags) == given {
		return strip(flags)
	}
	return flags
}
