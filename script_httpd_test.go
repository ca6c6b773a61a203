package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// site serves a directory. The first element of a path may ask for trouble:
//
//	/status/CODE/…   answers CODE
//	/flaky/N/FILE    answers 503 N times, then the file
//	/short/FILE      announces the whole file and sends half of it
//	/stall/FILE      sends half of the file, makes $WORK/stalled, and goes silent
//	/auth/FILE       wants the user "user" with the password "secret"
//	/moved/FILE      redirects to the file
type site struct {
	dir, log string

	mu    sync.Mutex
	asked map[string]int
}

// cmdHTTPD starts a server; $HTTP is its URL, and http.log in $WORK holds a
// line for each request.
func cmdHTTPD(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 1, 1, "httpd DIR")
	s := &site{dir: ts.MkAbs(args[0]), log: filepath.Join(ts.Getenv("WORK"), "http.log"), asked: map[string]int{}}
	ts.Check(os.WriteFile(s.log, nil, 0o666))
	server := httptest.NewServer(s)
	ts.Defer(func() { server.CloseClientConnections(); server.Close() })
	ts.Setenv("HTTP", server.URL)
}

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := s.note(r)
	kind, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	number, file, _ := strings.Cut(rest, "/")
	count, _ := strconv.Atoi(number)
	switch kind {
	case "status":
		w.WriteHeader(count)
	case "flaky":
		if n <= count {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		s.send(w, r, file)
	case "short":
		s.half(w, rest)
		panic(http.ErrAbortHandler)
	case "stall":
		s.half(w, rest)
		os.WriteFile(filepath.Join(filepath.Dir(s.log), "stalled"), nil, 0o666)
		<-r.Context().Done()
	case "auth":
		if user, password, _ := r.BasicAuth(); user != "user" || password != "secret" {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.send(w, r, rest)
	case "moved":
		http.Redirect(w, r, "/"+rest, http.StatusFound)
	default:
		s.send(w, r, r.URL.Path)
	}
}

// note logs a request and returns how often its path was asked for.
func (s *site) note(r *http.Request) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, err := os.OpenFile(s.log, os.O_WRONLY|os.O_APPEND, 0); err == nil {
		fmt.Fprintln(f, r.Method, r.URL.Path)
		f.Close()
	}
	s.asked[r.URL.Path]++
	return s.asked[r.URL.Path]
}

func (s *site) send(w http.ResponseWriter, r *http.Request, name string) {
	http.ServeFile(w, r, filepath.Join(s.dir, filepath.FromSlash(name)))
}

// half announces the whole file and sends half of it.
func (s *site) half(w http.ResponseWriter, name string) {
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Write(text[:len(text)/2])
	http.NewResponseController(w).Flush()
}
