package lsp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
)

// Codes of errors (JSON-RPC 2.0 and LSP).
const (
	codeParse          = -32700
	codeInvalidRequest = -32600
	codeNoMethod       = -32601
	codeInvalidParams  = -32602
	codeInternal       = -32603
	codeNotInitialized = -32002
	codeRequestFailed  = -32803
	codeCancelled      = -32800
)

// rpcError is the error member of a response.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return e.Message }

// refusal is an answer to a request that is well-formed but cannot be done.
func refusal(message string) error { return &rpcError{codeRequestFailed, message} }

// message is anything that the client sends.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
}

// isRequest reports whether m wants an answer.
func (m *message) isRequest() bool { return m.Method != "" && len(m.ID) > 0 }

// result and failure are the two forms of a response; an answer without a
// result is null, not left out.
type result struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result"`
}

type failure struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Error   *rpcError       `json:"error"`
}

// notification is a message of the server; with an ID it is a request.
type notification struct {
	Version string `json:"jsonrpc"`
	ID      string `json:"id,omitempty"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

// call is a message in the queue. Its context ends when the client cancels it,
// which may be before it is looked at: that is why it travels with it.
type call struct {
	message
	ctx  context.Context
	done func()
	err  error // the message could not be read as JSON-RPC
}

// inbox reads messages and remembers which of them are cancelled.
type inbox struct {
	queue chan call
	err   error // why reading ended; valid once queue is closed

	mu      sync.Mutex
	pending map[string]context.CancelFunc // by the text of the ID
}

// queueLength is how many messages may wait.
const queueLength = 1024

// waiting is the queue, to see whether something waits in it.
func (in *inbox) waiting() chan call {
	if in == nil {
		return nil
	}
	return in.queue
}

// receive reads messages from r until it ends.
func receive(ctx context.Context, r io.Reader) *inbox {
	in := &inbox{queue: make(chan call, queueLength), pending: map[string]context.CancelFunc{}}
	go func() {
		defer close(in.queue)
		in.err = in.read(ctx, newFrameReader(r))
	}()
	return in
}

func (in *inbox) read(ctx context.Context, r *bufio.Reader) error {
	for {
		content, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		c := in.call(ctx, content)
		if c.Method == "$/cancelRequest" {
			in.cancel(c.Params)
			continue
		}
		select {
		case in.queue <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// call makes a queue entry of a message.
func (in *inbox) call(ctx context.Context, content []byte) call {
	c := call{ctx: ctx, done: func() {}}
	if err := json.Unmarshal(content, &c.message); err != nil {
		c.message = message{}
		c.err = &rpcError{codeInvalidRequest, "not a message of JSON-RPC: " + err.Error()}
		if !json.Valid(content) {
			c.err = &rpcError{codeParse, "not JSON: " + err.Error()}
		}
		return c
	}
	if string(c.ID) == "null" {
		c.ID = nil
	}
	if c.isRequest() {
		c.ctx, c.done = in.register(ctx, string(c.ID))
	}
	return c
}

// register makes a request cancellable by its ID until it is done.
func (in *inbox) register(ctx context.Context, id string) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.pending[id] = cancel
	return ctx, func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		delete(in.pending, id)
		cancel()
	}
}

func (in *inbox) cancel(params json.RawMessage) {
	var p struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(params, &p) != nil {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if cancel := in.pending[string(p.ID)]; cancel != nil {
		cancel()
	}
}

// outbox writes messages. It is used by one goroutine.
type outbox struct {
	w   io.Writer
	err error // the first error of writing; nothing is written after it
}

func (o *outbox) send(v any) {
	if o.err != nil {
		return
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if o.err = e.Encode(v); o.err == nil {
		o.err = writeFrame(o.w, bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	}
}

// answer sends the response to a request.
func (o *outbox) answer(id json.RawMessage, value any, err error) {
	if err == nil {
		o.send(result{"2.0", id, value})
		return
	}
	var e *rpcError
	if !errors.As(err, &e) {
		e = &rpcError{codeInternal, err.Error()}
	}
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	o.send(failure{"2.0", id, e})
}

// notify sends a notification.
func (o *outbox) notify(method string, params any) {
	o.send(notification{Version: "2.0", Method: method, Params: params})
}
