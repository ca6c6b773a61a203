package promise

import (
	"context"
	"errors"
	"sync"
	"time"
	"unicode/utf8"
)

// DefaultTimeout is how long a promise may take.
const DefaultTimeout = 20 * time.Second

// Options say how promises are checked.
type Options struct {
	// Timeout is how long one may take; 0 is DefaultTimeout.
	Timeout time.Duration
	// Jobs is how many are checked at once; less than 1 is one.
	Jobs int
	// Python runs modules that this package does not know; "" is python3.
	Python  string
	Environ []string
}

// Result is what came out of one promise.
type Result struct {
	Name    string    `json:"name"`
	Title   string    `json:"title"`
	Path    string    `json:"path"`
	Kind    Kind      `json:"kind"`
	Failed  bool      `json:"failed"`
	Message string    `json:"message"`
	Date    time.Time `json:"date"`
	Seconds float64   `json:"execution-time"`
	// TimedOut says that it did not end by itself.
	TimedOut bool `json:"timed-out,omitempty"`
}

// Run checks promises and returns their results in the same order. It is an
// error only when ctx ends.
func Run(ctx context.Context, promises []Promise, o Options) ([]Result, error) {
	results := make([]Result, len(promises))
	places := make(chan struct{}, max(o.Jobs, 1))
	var all sync.WaitGroup
	for i, p := range promises {
		places <- struct{}{}
		all.Go(func() {
			results[i] = o.run(ctx, p)
			<-places
		})
	}
	all.Wait()
	return results, ctx.Err()
}

// Failures counts the results that failed.
func Failures(results []Result) int {
	n := 0
	for _, r := range results {
		if r.Failed {
			n++
		}
	}
	return n
}

// run checks one promise.
func (o Options) run(ctx context.Context, p Promise) Result {
	limit := o.Timeout
	if limit <= 0 {
		limit = DefaultTimeout
	}
	r := Result{Name: p.Name, Title: p.Title(), Path: p.Path, Kind: p.Kind, Date: time.Now().UTC().Truncate(time.Second)}
	limited, stop := context.WithTimeout(ctx, limit)
	defer stop()
	start := time.Now()
	out := o.check(limited, p, limit)
	r.Seconds = time.Since(start).Round(time.Millisecond).Seconds()
	r.Failed, r.Message = out.Failed, short(out.Message)
	if out.Failed && errors.Is(limited.Err(), context.DeadlineExceeded) {
		r.TimedOut = true
		r.Message = short("timed out after " + limit.String() + said(p, out))
	}
	return r
}

// said is what a program that was ended has written until then.
func said(p Promise, out Outcome) string {
	if out.Message == "" || p.Kind != Program && p.Plugin.Module != toolbox+"check_command_execute" {
		return ""
	}
	return "; its output: " + out.Message
}

func (o Options) check(ctx context.Context, p Promise, limit time.Duration) Outcome {
	s := Scope{Dir: p.Dir, Environ: o.Environ}
	switch p.Kind {
	case Native:
		check, _ := p.Plugin.check()
		return check(ctx, s, p.Plugin.Config)
	case Python:
		return o.python(ctx, s, p, limit)
	case Program:
		output, err := runProgram(ctx, s, []string{p.Path})
		if err != nil && ctx.Err() == nil {
			return failed("%s", withOutput(err, output))
		}
		return Outcome{err != nil, output}
	}
	return failed("%s", p.Problem)
}

// maxMessage is how long a message may be.
const maxMessage = 2000

// short keeps the end of a long message.
func short(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	text = text[len(text)-maxMessage:]
	for text != "" && !utf8.RuneStart(text[0]) {
		text = text[1:]
	}
	return "..." + text
}
