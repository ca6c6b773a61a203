package recipes

import (
	"slices"
	"strings"

	"gobuild/parts"
	"gobuild/parts/run"
	"gobuild/parts/service"
)

// wrapperScript is what a script does.
type wrapperScript struct {
	words      []string
	env        []string // NAME=VALUE, sorted by name
	ignored    string   // name of a signal
	waitFor    []string
	pidfile    string
	reserveCPU bool
	tmpfs      []string // SIZE PATH
	redirect   wrapperRedirect
}

// wrapperRedirect says where the output of the program goes.
type wrapperRedirect struct{ stdout, stderr, signal string }

// simple reports whether the script only sets up and runs the program.
func (s wrapperScript) simple() bool {
	return len(s.waitFor) == 0 && s.pidfile == "" && !s.reserveCPU && !s.launched()
}

// launched reports whether the script needs gobuild to start the program.
func (s wrapperScript) launched() bool {
	return len(s.tmpfs) > 0 || s.redirect.stdout != "" || s.redirect.stderr != ""
}

// readLaunch reads the options that only gobuild can do, and the signals.
func (s *wrapperScript) readLaunch(o parts.Options) error {
	s.tmpfs, s.ignored = optionLines(o, "private-tmpfs"), optionText(o, "sig-ign")
	for _, line := range s.tmpfs {
		if _, err := service.ParseTmpfs(line); err != nil {
			return optionPlace(o, "private-tmpfs").wrap(err)
		}
	}
	s.redirect = wrapperRedirect{optionText(o, "redirect-stdout"), optionText(o, "redirect-stderr"), optionText(o, "redirect-signal")}
	if s.redirect.signal != "" && s.redirect.stdout == "" && s.redirect.stderr == "" {
		return optionError(o, "redirect-signal", codeConflict, "redirect-signal without redirecting any output makes no sense")
	}
	if _, err := service.ParseSignal(s.redirect.signal); err != nil {
		return optionPlace(o, "redirect-signal").wrap(err)
	}
	ignored, err := service.ParseSignal(s.ignored)
	if err == nil && s.launched() && s.redirect.stdout+s.redirect.stderr != "" {
		err = service.CheckReopen(ignored)
	}
	return optionPlace(o, "sig-ign").wrap(err)
}

// text returns the script. launcher is the path of gobuild.
func (s wrapperScript) text(launcher string) string {
	lines := []string{"#!/bin/sh -e"}
	if s.ignored != "" && !s.launched() {
		lines = append(lines, "trap '' "+s.ignored)
	}
	var last []string
	switch {
	case s.launched():
		last = wrapperFold("exec", slices.Concat([]string{launcher, "exec"}, s.flags(), []string{"--"}, s.words))
	case s.simple():
		last = wrapperFold("exec", s.words)
	default:
		last = []string{`exec "$@"`}
		lines = append(lines, wrapperFold("set --", s.words)...)
		lines = append(lines, s.preparation()...)
	}
	for _, variable := range s.env {
		name, value, _ := strings.Cut(variable, "=")
		lines = append(lines, "export "+name+"="+run.Quote(value))
	}
	return strings.Join(append(lines, last...), "\n") + "\n"
}

// flags returns those of gobuild exec.
func (s wrapperScript) flags() []string {
	var flags []string
	add := func(name string, values ...string) {
		for _, value := range values {
			if value != "" {
				flags = append(flags, "--"+name+"="+value)
			}
		}
	}
	add("sig-ign", s.ignored)
	add("pidfile", s.pidfile)
	if s.reserveCPU {
		flags = append(flags, "--reserve-cpu")
	}
	add("wait-for", s.waitFor...)
	add("private-tmpfs", s.tmpfs...)
	add("redirect-signal", s.redirect.signal)
	add("redirect-stdout", s.redirect.stdout)
	add("redirect-stderr", s.redirect.stderr)
	return flags
}

// wrapperFold adds the quoted words and the script's own arguments to a
// command. A line of 40 characters or more is not made longer.
func wrapperFold(command string, words []string) []string {
	const full = 40
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = run.Quote(word)
	}
	lines := []string{command}
	for _, word := range append(quoted, `"$@"`) {
		last := &lines[len(lines)-1]
		if len([]rune(*last)) < full {
			*last += " " + word
			continue
		}
		*last += ` \`
		lines = append(lines, "\t"+word)
	}
	return lines
}

// wrapperSameCommand ends the script when the process in $pidfile runs the
// command in "$@". Commands are compared as the bytes of their words, in
// hexadecimal; the words before them, which a #! line puts there, do not count.
const wrapperSameCommand = `hex() {
	od -An -v -tx1 | tr -d '\n'
}
pid=$(cat "$pidfile" 2>/dev/null) || pid=
case $pid in
'' | *[!0-9]*) ;;
*)
	running=$({ hex <"/proc/$pid/cmdline"; } 2>/dev/null) || running=
	case " 00$running" in
	*" 00$(printf '%s\000' "$@" | hex)")
		echo "Already running with pid $pid." >&2
		exit 1
		;;
	esac
	;;
esac
printf %s "$$" >"$pidfile"`

// preparation returns what is done before the program starts.
func (s wrapperScript) preparation() []string {
	var lines []string
	if s.pidfile != "" {
		lines = append(lines, "pidfile="+run.Quote(s.pidfile), wrapperSameCommand)
	}
	if s.reserveCPU {
		lines = append(lines, `echo "$$" >>"$HOME/.slapos-cpu-exclusive"`)
	}
	if len(s.waitFor) == 0 {
		return lines
	}
	tests := slices.Clone(s.waitFor)
	for i, file := range tests {
		tests[i] = "[ -e " + run.Quote(file) + " ]"
	}
	return append(lines, "until "+strings.Join(tests, " && \\\n\t")+"; do",
		"\tsleep 0.1 2>/dev/null || sleep 1", "done")
}
