package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Web is a server of the files of a directory.
type Web struct {
	// One of the three is given: a host with its port, the path of a socket, or
	// the name of one that has no file.
	Host, Port, Socket, Abstract string

	Dir       string // what is served
	Log       string // the file that gets a line for each request
	Cert, Key string // files for HTTPS; the key may stand in Cert
	// Write allows POST to write files below Dir: the fields path and content,
	// and clear=1 for a file that is replaced instead of continued.
	Write bool
}

// errWebAddress says how the address is given.
func errWebAddress() error {
	return mistake("Specify one of (host, port) | socketpath | abstract")
}

// Check returns what is wrong with the address.
func (s Web) Check() error {
	given := 0
	for _, text := range []string{s.Host, s.Socket, s.Abstract} {
		if text != "" {
			given++
		}
	}
	if given != 1 || (s.Host == "") != (s.Port == "") {
		return errWebAddress()
	}
	return nil
}

// Serve serves until ctx ends.
func (s Web) Serve(ctx context.Context) error {
	if err := s.Check(); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.Dir)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	defer root.Close()
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	logger := &webLog{path: s.Log}
	if err := logger.line("INFO", "Starting simple http server at "+listener.Addr().String()); err != nil {
		listener.Close()
		return err
	}
	server := &http.Server{
		Handler: s.handler(root, logger), ErrorLog: log.New(logger, "", 0),
		ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if s.Cert == "" {
		err = server.Serve(listener)
	} else {
		key := s.Key
		if key == "" {
			key = s.Cert
		}
		err = server.ServeTLS(listener, s.Cert, key)
	}
	if errors.Is(err, http.ErrServerClosed) && ctx.Err() != nil {
		return nil
	}
	return err
}

// listen opens the address. A socket on which nobody listens is one that a
// server has left behind.
func (s Web) listen(ctx context.Context) (net.Listener, error) {
	var c net.ListenConfig
	switch {
	case s.Host != "":
		return c.Listen(ctx, "tcp", net.JoinHostPort(strings.Trim(s.Host, "[]"), s.Port))
	case s.Abstract != "":
		return c.Listen(ctx, "unix", "@"+s.Abstract)
	}
	l, err := c.Listen(ctx, "unix", s.Socket)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	if info, e := os.Lstat(s.Socket); e != nil || info.Mode().Type() != os.ModeSocket {
		return nil, err
	}
	if conn, e := (&net.Dialer{}).DialContext(ctx, "unix", s.Socket); e == nil {
		conn.Close()
		return nil, err
	}
	if e := os.Remove(s.Socket); e != nil {
		return nil, e
	}
	return c.Listen(ctx, "unix", s.Socket)
}

// handler answers requests.
func (s Web) handler(root *os.Root, logger *webLog) http.Handler {
	files := http.FileServer(http.Dir(s.Dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		switch {
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			files.ServeHTTP(seen, r)
		case !s.Write:
			refuse(seen, http.StatusForbidden, "Forbidden")
		case r.Method == http.MethodPost:
			s.store(seen, r, root)
		default:
			refuse(seen, http.StatusNotImplemented, "Unsupported method")
		}
		logger.line("INFO", fmt.Sprintf("%s - - %q %d", client(r), r.Method+" "+r.URL.RequestURI()+" "+r.Proto, seen.status))
	})
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// client is who asks.
func client(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return "<unnamedsocket>"
}

// store writes a file. It does not leave the directory, not even by links.
func (s Web) store(w http.ResponseWriter, r *http.Request, root *os.Root) {
	const inMemory = 8 << 20
	if err := r.ParseMultipartForm(inMemory); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		refuse(w, http.StatusBadRequest, "Bad request")
		return
	}
	name := r.PostFormValue("path")
	if rel, err := filepath.Rel(s.Dir, name); filepath.IsAbs(name) && err == nil {
		name = rel
	}
	if !filepath.IsLocal(name) || filepath.Clean(name) == "." {
		refuse(w, http.StatusForbidden, "Forbidden")
		return
	}
	content, closeContent := postedContent(r)
	defer closeContent()
	if err := writeBelow(root, filepath.Clean(name), content, r.PostFormValue("clear") == "1"); err != nil {
		refuse(w, http.StatusInternalServerError, "Not written")
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "Content written to "+r.PostFormValue("path"))
}

// postedContent is the field content, which may be a file.
func postedContent(r *http.Request) (io.Reader, func()) {
	if f, _, err := r.FormFile("content"); err == nil {
		return f, func() { f.Close() }
	}
	return strings.NewReader(r.PostFormValue("content")), func() {}
}

// writeBelow writes or continues a file, and makes the directories before it.
func writeBelow(root *os.Root, name string, content io.Reader, clear bool) error {
	if dir := filepath.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if clear {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := root.OpenFile(name, flags, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// webLog appends lines to a file, which is opened for each of them: it may be
// moved away at any time.
type webLog struct {
	mu   sync.Mutex
	path string
}

// line appends a line.
func (l *webLog) line(level, text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s %s - %s\n", time.Now().Format("2006-01-02 15:04:05,000"), level, text)
	return errors.Join(err, f.Close())
}

// Write takes what the server has to complain about.
func (l *webLog) Write(p []byte) (int, error) {
	return len(p), l.line("ERROR", strings.TrimSpace(string(p)))
}
