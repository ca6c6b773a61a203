//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// writer writes numbered rows into an instance, one after the other, and remembers
// those that the server has acknowledged. When its connection ends it makes another
// one, with the next numbers.
type writer struct {
	b     *bench
	name  string
	stop  chan struct{}
	ended chan struct{}

	mu    sync.Mutex
	acked []int
	next  int
	lost  []string // why connections have ended
}

// write starts a writer.
func (b *bench) write(name string) *writer {
	w := &writer{b: b, name: name, stop: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for {
			err := w.connection()
			select {
			case <-w.stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
			w.mu.Lock()
			w.lost = append(w.lost, fmt.Sprint(err))
			w.mu.Unlock()
		}
	}()
	return w
}

// connection writes until the connection ends, or the writer.
func (w *writer) connection() error {
	c := exec.Command(w.b.path(w.name, "bin/mariadb"), "--batch", "--skip-column-names", "--unbuffered", "--connect-timeout=10")
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	var said strings.Builder
	c.Stderr = &said
	if err := c.Start(); err != nil {
		return err
	}
	fmt.Fprintf(in, "CREATE TABLE IF NOT EXISTS rows_written (n INT PRIMARY KEY, instance VARCHAR(64)) ENGINE=InnoDB;\n")
	lines := bufio.NewScanner(out)
	for !w.stopped() {
		w.mu.Lock()
		n := w.next
		w.next++
		w.mu.Unlock()
		fmt.Fprintf(in, "INSERT INTO rows_written VALUES (%d, '%s'); SELECT %d;\n", n, w.name, n)
		if !lines.Scan() {
			break
		}
		if lines.Text() == strconv.Itoa(n) {
			w.mu.Lock()
			w.acked = append(w.acked, n)
			w.mu.Unlock()
		}
		time.Sleep(2 * time.Millisecond)
	}
	in.Close()
	err = c.Wait()
	return fmt.Errorf("%v: %s", err, strings.TrimSpace(said.String()))
}

func (w *writer) stopped() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// count is how many rows were acknowledged.
func (w *writer) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked)
}

// breaks are the ends of connections so far.
func (w *writer) breaks() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.lost...)
}

// end ends the writer and checks that all rows that were acknowledged are there, and
// none of another instance.
func (w *writer) end() {
	close(w.stop)
	<-w.ended
	if !w.b.answers(w.name) {
		return
	}
	out, err := w.b.sql(w.name, "SELECT n, instance FROM rows_written")
	if err != nil {
		w.b.violated("%v", err)
		return
	}
	there := map[int]bool{}
	for _, line := range strings.Split(out, "\n") {
		text, instance, _ := strings.Cut(line, "\t")
		n, err := strconv.Atoi(text)
		if err == nil {
			there[n] = true
		}
		if line != "" && instance != w.name {
			w.b.violated("%s has a row of %s", w.name, instance)
		}
	}
	for _, n := range w.acked {
		if !there[n] {
			w.b.violated("%s: row %d was acknowledged and is lost", w.name, n)
		}
	}
}
