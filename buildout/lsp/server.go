package lsp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"
)

// ErrNoShutdown says that the client went away without asking for a shutdown.
var ErrNoShutdown = errors.New("the editor ended without a shutdown request")

// phase is where the conversation is.
type phase int

const (
	starting phase = iota // before initialize
	running
	stopping // after shutdown
	gone     // after exit
)

// server is one conversation with an editor. One goroutine owns it.
type server struct {
	config    Config
	in        *inbox
	out       *outbox
	phase     phase
	client    capabilities
	encoding  encoding
	options   options
	folders   []string
	roots     roots
	files     *store
	snapshots map[string]*snapshot // by root
	pace      pace
}

// pace is when diagnostics are sent.
type pace struct {
	timer   *time.Timer
	pending bool // something has changed since
	clock   int  // counts messages
	orderly bool // exit came after shutdown
	strict  bool // a panic ends the server: for tests
}

func newServer(c Config, out io.Writer) *server {
	if c.Log == nil {
		c.Log = func(string, ...any) {}
	}
	s := &server{config: c, out: &outbox{w: out}, encoding: utf16Encoding, options: defaultOptions(),
		files: newStore(), snapshots: map[string]*snapshot{}, pace: pace{timer: time.NewTimer(time.Hour)}}
	s.roots.reset()
	return s
}

// Serve answers the messages of r on w until the client ends. The error is
// ErrNoShutdown when it did not say so before.
func Serve(ctx context.Context, r io.Reader, w io.Writer, c Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newServer(c, w)
	s.in = receive(ctx, r)
	return s.loop(ctx)
}

func (s *server) loop(ctx context.Context) error {
	defer s.pace.timer.Stop()
	for s.phase != gone && s.out.err == nil {
		var due <-chan time.Time
		if s.pace.pending {
			due = s.pace.timer.C
		}
		select {
		case c, open := <-s.in.queue:
			if !open {
				return cmp.Or(s.in.err, s.ended())
			}
			s.handle(c)
		case <-due:
			s.publish(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return cmp.Or(s.out.err, s.ended())
}

// ended is the error of an end: none after a shutdown.
func (s *server) ended() error {
	if s.phase == stopping || s.pace.orderly {
		return nil
	}
	return ErrNoShutdown
}

// method answers one kind of message.
type method func(s *server, ctx context.Context, params json.RawMessage) (any, error)

// on makes a method of a function with typed parameters.
func on[P any](f func(*server, context.Context, *P) (any, error)) method {
	return func(s *server, ctx context.Context, params json.RawMessage) (any, error) {
		var p P
		if len(params) > 0 {
			if err := json.Unmarshal(params, &p); err != nil {
				return nil, &rpcError{codeInvalidParams, err.Error()}
			}
		}
		return f(s, ctx, &p)
	}
}

// methods is the table of what the server understands.
var methods = map[string]method{
	"initialize":                          on((*server).initialize),
	"initialized":                         on((*server).initialized),
	"shutdown":                            on((*server).shutdown),
	"exit":                                on((*server).exit),
	"textDocument/didOpen":                on((*server).didOpen),
	"textDocument/didChange":              on((*server).didChange),
	"textDocument/didSave":                on((*server).didSave),
	"textDocument/didClose":               on((*server).didClose),
	"workspace/didChangeConfiguration":    on((*server).didChangeConfiguration),
	"workspace/didChangeWatchedFiles":     on((*server).didChangeWatchedFiles),
	"workspace/didChangeWorkspaceFolders": on((*server).didChangeFolders),
	"workspace/symbol":                    on((*server).workspaceSymbols),
	"textDocument/definition":             on((*server).definition),
	"textDocument/references":             on((*server).references),
	"textDocument/documentHighlight":      on((*server).highlights),
	"textDocument/documentLink":           on((*server).links),
	"textDocument/hover":                  on((*server).hover),
	"textDocument/completion":             on((*server).completion),
	"textDocument/prepareRename":          on((*server).prepareRename),
	"textDocument/rename":                 on((*server).rename),
	"textDocument/formatting":             on((*server).formatting),
	"textDocument/documentSymbol":         on((*server).documentSymbols),
	"textDocument/foldingRange":           on((*server).foldingRanges),
	"textDocument/codeAction":             on((*server).codeActions),
}

// handle answers one message.
func (s *server) handle(c call) {
	defer c.done()
	s.files.refresh()
	s.pace.clock++
	if c.err != nil {
		s.out.answer(nil, nil, c.err)
		return
	}
	if c.Method == "" {
		return // the client's answer to a request of ours
	}
	began := time.Now()
	value, err := s.call(c)
	s.config.Log("%s: %s", c.Method, time.Since(began).Round(time.Microsecond))
	if err != nil {
		s.config.Log("%s: %v", c.Method, err)
	}
	if c.isRequest() {
		s.out.answer(c.ID, value, err)
	}
}

// call runs the method of a message in the phase that it belongs to.
func (s *server) call(c call) (value any, err error) {
	m, known := methods[c.Method]
	switch {
	case c.Method == "exit":
	case s.phase == starting && c.Method != "initialize":
		return nil, &rpcError{codeNotInitialized, "initialize comes first"}
	case s.phase == running && c.Method == "initialize", s.phase == stopping:
		return nil, &rpcError{codeInvalidRequest, c.Method + " cannot come now"}
	case !known:
		return nil, &rpcError{codeNoMethod, fmt.Sprintf("no method %.80q", c.Method)}
	case c.ctx.Err() != nil:
		return nil, &rpcError{codeCancelled, "cancelled"}
	}
	defer s.survive(c.Method, &err)
	value, err = m(s, c.ctx, c.Params)
	if c.isRequest() && c.ctx.Err() != nil {
		return nil, &rpcError{codeCancelled, "cancelled"}
	}
	return value, err
}

// survive turns a panic into an error of the request: the editor must not lose
// its server for one of them.
func (s *server) survive(what string, err *error) {
	if s.pace.strict {
		return
	}
	if p := recover(); p != nil {
		s.config.Log("panic in %s: %v\n%s", what, p, debug.Stack())
		*err = &rpcError{codeInternal, fmt.Sprintf("internal error in %s", what)}
	}
}
