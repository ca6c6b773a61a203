package service

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"
)

// Stamp appends what it reads to a file, each line behind the time, and a line of
// dashes at the end. Nothing is written before the end: what two processes
// append does not mix.
func Stamp(r io.Reader, path string, now func() time.Time) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	t := now()
	prefix := fmt.Sprintf("%s.%s.%d: ", t.Format("2006-01-02"), t.Format("15:04"), t.Unix())
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		out.WriteString(prefix)
		out.Write(line)
	}
	if n := len(text); n > 0 && text[n-1] != '\n' {
		out.WriteByte('\n')
	}
	out.WriteString(prefix + "------------------------\n")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(out.Bytes())
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
