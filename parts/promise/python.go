package promise

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"strconv"
	"time"

	"gobuild/parts"
	"gobuild/parts/run"
)

// pythonCode runs one module. What the module prints is not its result: that is
// told on the last line of standard output, as JSON.
//
//go:embed run_plugin.py
var pythonCode string

// python lets Python run a module.
func (o Options) python(ctx context.Context, s Scope, p Promise, limit time.Duration) Outcome {
	const lines, grace = 20, time.Second
	tail := run.NewTail(lines)
	var out bytes.Buffer
	r := run.New(run.Config{Part: "promise", Dir: s.Dir, Env: s.Environ, Log: discardFirst(tail), Grace: grace})
	seconds := strconv.Itoa(int(limit.Seconds()))
	argv := []string{cmp.Or(o.Python, "python3"), "-B", "-c", pythonCode, p.Path, p.Name, s.Dir, seconds}
	err := r.Run(ctx, parts.Command{Argv: argv, Stdout: &out, Show: p.Path})
	last := bytes.TrimSpace(out.Bytes())
	last = last[bytes.LastIndexByte(last, '\n')+1:]
	var result struct {
		Failed  *bool
		Message string
	}
	switch {
	case err == nil && json.Unmarshal(last, &result) == nil && result.Failed != nil:
		return Outcome{*result.Failed, result.Message}
	case err == nil:
		return failed("the promise gave no result")
	}
	said := tail.Lines()
	if len(said) == 0 {
		return failed("%s", withOutput(err, ""))
	}
	return failed("%s", withOutput(err, said[len(said)-1])) // the last line of a traceback
}
