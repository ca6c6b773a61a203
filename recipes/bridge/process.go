package bridge

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"time"

	"gobuild/parts"
	"gobuild/parts/run"
)

// grace is how long the process has to end when it is told to.
const grace = 2 * time.Second

// process is a running program that serves recipes.
type process struct {
	generation int
	to         *os.File
	lines      chan []byte // its messages; closed at the end
	unread     error       // why no more were read; once lines is closed
	over       chan struct{}
	err        error // how it ended; once over is closed
	cancel     context.CancelFunc
	output     *output
	environ    []string // what it has been told, and has told
	version    string
}

// pipes hands the ends of the two pipes to the process, as descriptors 3 and 4.
type pipes []*os.File

func (p pipes) Prepare(env []string, _ string) ([]string, []*os.File, error) { return env, p, nil }

func (p pipes) Ended() {}

// start starts a program and greets it.
func start(ctx context.Context, argv, env []string, h hello) (*process, error) {
	h.Hello, h.Protocol, h.Token = "gobuild", protocol, token()
	read, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, write, err := os.Pipe()
	if err != nil {
		read.Close()
		to.Close()
		return nil, err
	}
	p := &process{to: to, lines: make(chan []byte), over: make(chan struct{}), output: newOutput(h.Token), environ: env}
	whole, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the part that needed it first
	p.cancel = cancel
	runner := run.New(run.Config{Dir: h.Directory, Env: env, Log: p.output, Jobs: pipes{read, write}, Grace: grace})
	go func() {
		defer close(p.over)
		p.err = runner.Run(whole, parts.Command{Argv: argv, Show: run.Join(argv[:1])})
		read.Close()
		write.Close()
	}()
	go p.listen(from)
	return p, p.greet(ctx, h)
}

func token() string {
	random := make([]byte, 8)
	rand.Read(random)
	return "gobuild-" + hex.EncodeToString(random)
}

// listen reads the messages of the process.
func (p *process) listen(from *os.File) {
	defer close(p.lines)
	defer from.Close()
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 64<<10), maxMessage)
	for lines.Scan() {
		line := append([]byte(nil), lines.Bytes()...)
		select {
		case p.lines <- line:
		case <-p.over:
			return
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		p.unread = errTooLong
	}
}

// greet tells the process who it serves, and learns what it is.
func (p *process) greet(ctx context.Context, h hello) error {
	err := p.send(h)
	var m *incoming
	if err == nil {
		m, err = p.receive(ctx)
	}
	if err != nil {
		p.leave()
		if ctx.Err() == nil {
			err = errEnded
		}
		return err
	}
	p.version = m.Version
	return nil
}

func (p *process) send(message any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = p.to.Write(append(line, '\n'))
	return err
}

// receive returns the next message, or errEnded when there is none any more.
func (p *process) receive(ctx context.Context) (*incoming, error) {
	select {
	case line, ok := <-p.lines:
		if !ok {
			return nil, cmp.Or(p.unread, errEnded)
		}
		m := &incoming{}
		if err := json.Unmarshal(line, m); err != nil {
			return nil, errGarbled
		}
		return m, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// isOver reports whether the process has ended.
func (p *process) isOver() bool {
	select {
	case <-p.over:
		return true
	default:
		return false
	}
}

// stop ends the process with all that it has started, and waits for that.
func (p *process) stop() {
	p.to.Close()
	p.cancel()
	<-p.over
}

// leave lets the process end by itself: it sees that nobody is there.
func (p *process) leave() {
	p.to.Close()
	select {
	case <-p.over:
	case <-time.After(grace):
		p.stop()
	}
	p.cancel()
}
