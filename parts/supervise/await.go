package supervise

import (
	"context"
	"strings"
	"time"
)

// retryPatience is how long programs are waited for that are tried again and
// again.
const retryPatience = 8 * time.Second

// Await waits until all programs of an instance run, or have run. The error
// names those that do not in time.
func Await(ctx context.Context, s Supervisor, i Instance, patience time.Duration) ([]Process, error) {
	start := time.Now()
	for {
		list, err := s.Status(ctx, i)
		if err != nil {
			return nil, err
		}
		var down []Process
		waits := false
		for _, p := range list {
			if !p.up() {
				down = append(down, p)
				waits = waits || p.State != Failed && (p.State != Retrying || time.Since(start) < retryPatience)
			}
		}
		if len(down) == 0 {
			return list, nil
		}
		if !waits || time.Since(start) > patience {
			return list, notUp(i, down)
		}
		if err := sleep(ctx, 2*pause); err != nil {
			return nil, err
		}
	}
}

// notUp says which programs do not run.
func notUp(i Instance, down []Process) error {
	var texts, logs []string
	for _, p := range down {
		text := p.Unit + " is " + string(p.State)
		if p.Detail != "" {
			text += " (" + p.Detail + ")"
		}
		texts, logs = append(texts, text), append(logs, p.Log)
	}
	return fail("instance %s: %s", i.Name, strings.Join(texts, ", ")).WithHint("their output is in %s", strings.Join(logs, ", "))
}
