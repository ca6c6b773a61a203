package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestTrace checks the traces of several runs by the rules of the format.
func TestTrace(t *testing.T) {
	runs := map[string]*Run{
		"empty":      {},
		"everything": everything(t, t.TempDir()).finished(t, 20*second, nil),
		"5":          simulate(t, t.TempDir(), 5, 2, ""),
		"failed":     simulate(t, t.TempDir(), 40, 4, "nginx"),
		"500":        simulate(t, t.TempDir(), 500, 8, ""),
	}
	for name, run := range runs {
		var b bytes.Buffer
		if err := WriteTrace(&b, run); err != nil {
			t.Fatal(err)
		}
		spans, err := checkTrace(b.Bytes())
		if err != nil {
			t.Errorf("%s: %v\n%.2000s", name, err, b.String())
		}
		want := len(run.Downloads)
		for _, p := range run.Parts {
			if p.started() {
				want += 1 + len(p.Steps)
			}
		}
		if spans != want {
			t.Errorf("%s: %d spans, want %d", name, spans, want)
		}
	}
}

// TestTraceChecker checks that the checker finds what is wrong.
func TestTraceChecker(t *testing.T) {
	const name = `{"name":"thread_name","ph":"M","pid":1,"tid":1,"ts":0,"args":{"name":"lane 1"}},{"name":"process_name","ph":"M","pid":1,"tid":0,"ts":0,"args":{"name":"parts"}}`
	span := func(from, length string) string {
		return `,{"name":"a","ph":"X","pid":1,"tid":1,"ts":` + from + `,"dur":` + length + `}`
	}
	for text, want := range map[string]string{
		`{"traceEvents":[` + name + span("1", "5.5") + span("2", "2") + span("6.5", "1") + `]}`: "",
		`[]`: "cannot unmarshal",
		`{"traceEvents":[` + name + span("1", "5") + span("2", "9") + `]}`:                                 "overlaps",
		`{"traceEvents":[` + name + span("3", "1") + span("2", "1") + `]}`:                                 "not in order",
		`{"traceEvents":[` + name + span("3", "-1") + `]}`:                                                 "length",
		`{"traceEvents":[{"name":"a","ph":"X","pid":1,"tid":1,"ts":0,"dur":1}]}`:                           "has no name",
		`{"traceEvents":[` + name + `,{"name":"a","ph":"Q","pid":1,"tid":1,"ts":0}]}`:                      "phase",
		`{"traceEvents":[` + name + `,{"name":"a","ph":"C","pid":1,"tid":1,"ts":0,"args":{"slots":"1"}}]}`: "counter",
	} {
		_, err := checkTrace([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// lane is a thread of a trace.
type lane struct{ process, thread int }

// traceChecker holds a trace to the rules.
type traceChecker struct {
	names map[lane]bool
	open  map[lane][]float64 // ends of the spans that are open
	last  float64
	spans int
}

// checkTrace returns the number of spans in a trace that keeps the rules: one
// JSON value, known phases, times in order, spans that lie in each other or
// apart, and a name for each lane.
func checkTrace(text []byte) (int, error) {
	var trace struct {
		TraceEvents []struct {
			Name    *string  `json:"name"`
			Phase   string   `json:"ph"`
			Process *int     `json:"pid"`
			Thread  *int     `json:"tid"`
			At      *float64 `json:"ts"`
			Elapsed *float64 `json:"dur"`
			Args    map[string]any
		}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&trace); err != nil {
		return 0, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return 0, errors.New("more than one value")
	}
	c := &traceChecker{names: map[lane]bool{}, open: map[lane][]float64{}}
	for i, e := range trace.TraceEvents {
		if e.Name == nil || e.Process == nil || e.Thread == nil || e.At == nil {
			return 0, fmt.Errorf("event %d lacks a field", i)
		}
		if err := c.event(lane{*e.Process, *e.Thread}, *e.Name, e.Phase, *e.At, e.Elapsed, e.Args); err != nil {
			return 0, fmt.Errorf("event %d, %s: %w", i, *e.Name, err)
		}
	}
	return c.spans, nil
}

func (c *traceChecker) event(l lane, name, phase string, at float64, elapsed *float64, args map[string]any) error {
	if phase == "M" {
		if _, ok := args["name"].(string); ok {
			c.names[l] = true
		}
		if c.spans > 0 {
			return errors.New("metadata behind spans")
		}
		return nil
	}
	if at < c.last {
		return fmt.Errorf("time %v is not in order", at)
	}
	c.last = at
	if !c.names[lane{l.process, 0}] {
		return errors.New("the process has no name")
	}
	switch phase {
	case "X":
		return c.span(l, at, elapsed)
	case "C":
		for _, v := range args {
			if _, ok := v.(float64); !ok {
				return errors.New("a counter is no number")
			}
		}
		return nil
	}
	return fmt.Errorf("unknown phase %q", phase)
}

func (c *traceChecker) span(l lane, at float64, elapsed *float64) error {
	c.spans++
	if elapsed == nil || *elapsed < 0 {
		return errors.New("a span without a length")
	}
	if !c.names[l] {
		return errors.New("the lane has no name")
	}
	const grain = 1e-6 // of adding two numbers
	end := at + *elapsed
	open := slices.DeleteFunc(c.open[l], func(until float64) bool { return until <= at+grain })
	if n := len(open); n > 0 && end > open[n-1]+grain {
		return fmt.Errorf("it overlaps another one, until %v", open[n-1])
	}
	c.open[l] = append(open, end)
	return nil
}
