package partstest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"gobuild/parts"
)

// Runner records commands instead of running them. It may be used by several
// goroutines at once.
type Runner struct {
	Env []string // what Environ returns

	mu       sync.Mutex
	commands []parts.Command
	rules    []rule
}

type rule struct {
	text string
	do   func(parts.Command) error
}

// On makes do answer the commands whose step is text, or whose argv, joined by
// spaces, contains text. The last rule that fits is used; other commands
// succeed. Files that a command would make are made by do.
func (r *Runner) On(text string, do func(parts.Command) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rules = append(r.rules, rule{text, do})
}

// Fail makes the commands that fit text, as On has it, end with exit status
// code.
func (r *Runner) Fail(text string, code int) {
	r.On(text, func(c parts.Command) error {
		return &parts.ExitError{Step: c.Step, Command: line(c), Dir: c.Dir, Code: code}
	})
}

// Run records c and lets the rule that fits it answer. A recorded command has
// its Env filled in, and its Stdin read to the end and put back.
func (r *Runner) Run(ctx context.Context, c parts.Command) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(c.Argv) == 0 {
		return fmt.Errorf("run a command of step %q: empty argv", c.Step)
	}
	if c.Env == nil {
		c.Env = r.Environ()
	}
	var input string
	if c.Stdin != nil {
		text, err := io.ReadAll(c.Stdin)
		if err != nil {
			return err
		}
		input = string(text)
		c.Stdin = strings.NewReader(input)
	}
	do := r.record(c)
	if c.Stdin != nil {
		c.Stdin = strings.NewReader(input)
	}
	return do(c)
}

func (r *Runner) record(c parts.Command) func(parts.Command) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commands = append(r.commands, c)
	for _, rule := range slices.Backward(r.rules) {
		if c.Step == rule.text || strings.Contains(strings.Join(c.Argv, " "), rule.text) {
			return rule.do
		}
	}
	return func(parts.Command) error { return nil }
}

// Environ returns a copy of Env.
func (r *Runner) Environ() []string { return slices.Clone(r.Env) }

// Commands returns the recorded commands, in order.
func (r *Runner) Commands() []parts.Command {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.commands)
}

// Lines returns for each recorded command its Show, or its argv joined by
// spaces.
func (r *Runner) Lines() []string {
	var lines []string
	for _, c := range r.Commands() {
		lines = append(lines, line(c))
	}
	return lines
}

func line(c parts.Command) string {
	if c.Show != "" {
		return c.Show
	}
	return strings.Join(c.Argv, " ")
}
