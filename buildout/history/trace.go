package history

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// traceEvent is one event of the Chrome trace event format. Times are in
// microseconds.
type traceEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	At       micros         `json:"ts"`
	Elapsed  *micros        `json:"dur,omitempty"`
	Color    string         `json:"cname,omitempty"`
	Args     map[string]any `json:"args,omitempty"`
}

// micros is a time that is written in microseconds without losing any.
type micros time.Duration

// MarshalJSON writes thousandths, too.
func (m micros) MarshalJSON() ([]byte, error) {
	if m%1000 == 0 {
		return fmt.Appendf(nil, "%d", m/1000), nil
	}
	return fmt.Appendf(nil, "%d.%03d", m/1000, m%1000), nil
}

// The processes of a trace, and the phases of its events.
const (
	traceComplete  = "X"
	traceMetadata  = "M"
	traceCounter   = "C"
	traceParts     = 1
	traceDownloads = 2
	traceSlots     = 3
)

// WriteTrace writes a run in the Chrome trace event format, for Perfetto and
// chrome://tracing: lanes with parts and their steps, lanes of downloads, and
// the job slots in use. Events are in the order of their times.
func WriteTrace(w io.Writer, run *Run) error {
	var list []traceEvent
	list = append(list, run.traceParts()...)
	list = append(list, run.traceDownloads()...)
	list = append(list, run.traceSlots()...)
	// Sorting is stable: a part stays in front of its first step.
	slices.SortStableFunc(list, func(a, b traceEvent) int { return int(max(-1, min(1, a.At-b.At))) })
	out := bufio.NewWriter(w)
	other, err := json.Marshal(map[string]any{"command": run.Command, "gobuild": run.Gobuild, "host": run.Host, "id": run.ID,
		"result": run.Result, "start": run.Start})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "{\"displayTimeUnit\":\"ms\",\"otherData\":%s,\"traceEvents\":[", other)
	for i, e := range slices.Concat(run.traceNames(), list) {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
		out.Write(text)
	}
	out.WriteString("\n]}\n")
	return out.Flush()
}

// traceNames names the processes and the lanes.
func (r *Run) traceNames() []traceEvent {
	name := func(kind string, process, thread int, value map[string]any) traceEvent {
		return traceEvent{Name: kind, Phase: traceMetadata, Process: process, Thread: thread, Args: value}
	}
	var list []traceEvent
	group := func(process, lanes int, title, lane string) {
		list = append(list, name("process_name", process, 0, map[string]any{"name": title}),
			name("process_sort_index", process, 0, map[string]any{"sort_index": process}))
		for n := range lanes {
			list = append(list, name("thread_name", process, n+1, map[string]any{"name": fmt.Sprintf("%s %d", lane, n+1)}),
				name("thread_sort_index", process, n+1, map[string]any{"sort_index": n + 1}))
		}
	}
	parts, downloads := r.lanes()
	group(traceParts, parts, "parts", "lane")
	if downloads > 0 {
		group(traceDownloads, downloads, "downloads", "download")
	}
	if r.Slots != nil {
		group(traceSlots, 0, "job slots", "")
	}
	return list
}

// lanes counts the lanes of parts and of downloads.
func (r *Run) lanes() (parts, downloads int) {
	for _, p := range r.Parts {
		if p.started() {
			parts = max(parts, p.Lane+1)
		}
	}
	for _, f := range r.Downloads {
		downloads = max(downloads, f.Lane+1)
	}
	return parts, downloads
}

// span is an event with a length.
func span(name, category string, process, lane int, i Interval) traceEvent {
	elapsed := micros(i.Elapsed())
	return traceEvent{Name: name, Category: category, Phase: traceComplete, Process: process, Thread: lane + 1,
		At: micros(i.Start), Elapsed: &elapsed}
}

func (r *Run) traceParts() []traceEvent {
	var list []traceEvent
	for _, p := range r.Parts {
		if !p.started() {
			continue
		}
		e := span(p.Part, p.Verb, traceParts, p.Lane, p.Interval)
		e.Args = map[string]any{"verb": p.Verb, "result": p.Result}
		add(e.Args, "decision", p.Decision, p.Decision != "")
		add(e.Args, "needs", p.Needs, len(p.Needs) > 0)
		add(e.Args, "cpu_seconds", p.CPU.Seconds(), p.CPU > 0)
		add(e.Args, "peak_memory_bytes", p.Memory, p.Memory > 0)
		add(e.Args, "size_bytes", p.Size, p.Size > 0)
		add(e.Args, "error", p.Error, p.Error != "")
		if p.Result == Failed {
			e.Color = "terrible"
		}
		list = append(list, e)
		for _, s := range p.Steps {
			list = append(list, span(s.Name, "step", traceParts, p.Lane, s.Interval))
		}
	}
	return list
}

func (r *Run) traceDownloads() []traceEvent {
	var list []traceEvent
	for _, f := range r.Downloads {
		e := span(f.URL, "download", traceDownloads, f.Lane, f.Interval)
		e.Args = map[string]any{"part": f.Part, "bytes": f.Bytes, "cached": f.Cached, "ahead": f.Ahead}
		add(e.Args, "error", f.Error, f.Error != "")
		if f.Error != "" {
			e.Color = "terrible"
		}
		list = append(list, e)
	}
	return list
}

func add(args map[string]any, name string, value any, known bool) {
	if known {
		args[name] = value
	}
}

func (r *Run) traceSlots() []traceEvent {
	if r.Slots == nil {
		return nil
	}
	var list []traceEvent
	for _, level := range r.Slots.Levels {
		from := min(time.Duration(level[0])*r.Slots.Step, r.Elapsed())
		list = append(list, traceEvent{Name: "in use", Phase: traceCounter, Process: traceSlots, At: micros(from),
			Args: map[string]any{"slots": level[1]}})
	}
	return append(list, traceEvent{Name: "in use", Phase: traceCounter, Process: traceSlots, At: micros(r.Elapsed()),
		Args: map[string]any{"slots": 0}})
}
