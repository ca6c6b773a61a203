package ui

import (
	"bytes"
	"io"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/event"
)

// JSON shows events as one JSON object a line. All messages are in it,
// whatever their level; of the Progress of a part, one a second and the last.
func JSON(w io.Writer) Screen {
	return start(w, &stream{shown: map[string]time.Time{}}, Clock{}, 0)
}

// stream is the painter of JSON.
type stream struct {
	buf   bytes.Buffer
	shown map[string]time.Time // part -> time of its last Progress
}

func (s *stream) take(e event.Event) {
	switch e.Kind {
	case event.Progress:
		if last, ok := s.shown[e.Part]; ok && e.Time.Sub(last) < time.Second && e.Done != e.Total {
			return
		}
		s.shown[e.Part] = e.Time
	case event.StepStarted, event.PartDone:
		delete(s.shown, e.Part)
	}
	if e.Error == "" && e.Err != nil {
		e.Error = e.Err.Error()
	}
	for _, text := range []*string{&e.Part, &e.Step, &e.Text, &e.Log, &e.Error} {
		*text = Mask(*text)
	}
	newEncoder(&s.buf).Encode(e) // cannot fail: plain fields, a buffer
}

func (s *stream) show(list diag.List) {
	DiagnosticsJSON(&s.buf, list) // cannot fail either
}

func (s *stream) tick(time.Time) {}

func (s *stream) frame() []byte {
	defer s.buf.Reset()
	return s.buf.Bytes()
}

func (s *stream) end() []byte { return nil }
