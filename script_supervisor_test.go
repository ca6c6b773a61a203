package main

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// fakeSupervisord stands for supervisord where that is not installed: it reads
// the files that gobuild writes, runs programs, and answers the calls that
// gobuild makes, as version 4 does.
func fakeSupervisord(args []string) int {
	conf := args[len(args)-1]
	if os.Getenv("FAKE_SUPERVISORD") == "" {
		return becomeDaemon(conf)
	}
	f := &fakeServer{conf: conf, programs: map[string]*fakeProgram{}}
	main := readSections(conf)
	l, err := net.Listen("unix", main["unix_http_server"]["file"])
	if err != nil {
		return 1
	}
	f.reload()
	for name := range f.pending {
		f.add(name)
	}
	server := &http.Server{Handler: f}
	f.end = func() { server.Close() }
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		<-told
		f.mu.Lock()
		f.answer("supervisor.shutdown", []string{""})
	}()
	server.Serve(l)
	return 0
}

// becomeDaemon starts the server and waits until it listens.
func becomeDaemon(conf string) int {
	c := exec.Command("/proc/self/exe", "-c", conf)
	c.Args[0], c.Env = "supervisord", append(os.Environ(), "FAKE_SUPERVISORD=1")
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		return 1
	}
	socket := readSections(conf)["unix_http_server"]["file"]
	for {
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			return 0
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// readSections reads a file of supervisord and what it includes.
func readSections(conf string) map[string]map[string]string {
	files := []string{conf}
	included, _ := filepath.Glob(filepath.Join(filepath.Dir(conf), "conf.d", "*.conf"))
	all := map[string]map[string]string{}
	for _, name := range append(files, included...) {
		text, _ := os.ReadFile(name)
		section := ""
		for _, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "[") {
				section = strings.Trim(line, "[]")
				all[section] = map[string]string{}
			} else if key, value, ok := strings.Cut(line, " = "); ok && !strings.HasPrefix(line, ";") {
				all[section][key] = strings.ReplaceAll(value, "%%", "%")
			}
		}
	}
	return all
}

// fakeProgram is a program with its state, a number of supervisord.
type fakeProgram struct {
	options  map[string]string
	state    int
	pid      int
	exit     int
	start    time.Time
	stopping bool
	ended    chan struct{}
}

type fakeServer struct {
	mu       sync.Mutex
	conf     string
	programs map[string]*fakeProgram
	pending  map[string]map[string]string // as the files have it
	end      func()
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Method string   `xml:"methodName"`
		Args   []string `xml:"params>param>value>string"`
	}
	if err := xml.NewDecoder(r.Body).Decode(&call); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := f.answer(call.Method, append(call.Args, ""))
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "<?xml version='1.0'?>\n<methodResponse>\n")
	if strings.HasPrefix(answer, "<struct>") && strings.Contains(answer, "faultCode") {
		fmt.Fprintf(out, "<fault><value>%s</value></fault>", answer)
	} else {
		fmt.Fprintf(out, "<params><param><value>%s</value></param></params>", answer)
	}
	fmt.Fprint(out, "\n</methodResponse>\n")
	out.Flush()
}

const fakeYes = "<boolean>1</boolean>"

func fakeFault(code int, text string) string {
	return fmt.Sprintf("<struct><member><name>faultCode</name><value><int>%d</int></value></member>"+
		"<member><name>faultString</name><value><string>%s</string></value></member></struct>", code, text)
}

// answer does what is called.
func (f *fakeServer) answer(method string, args []string) string {
	name := args[0]
	p := f.programs[name]
	switch strings.TrimPrefix(method, "supervisor.") {
	case "getState":
		return "<struct><member><name>statecode</name><value><int>1</int></value></member></struct>"
	case "getPID":
		return fmt.Sprintf("<int>%d</int>", os.Getpid())
	case "reloadConfig":
		return f.reload()
	case "addProcessGroup":
		if p != nil {
			return fakeFault(90, "ALREADY_ADDED: "+name)
		}
		f.add(name)
		return fakeYes
	case "shutdown":
		for _, name := range f.names() {
			f.stop(f.programs[name])
		}
		go f.end()
		return fakeYes
	}
	if p == nil {
		return fakeFault(10, "BAD_NAME: "+name)
	}
	switch strings.TrimPrefix(method, "supervisor.") {
	case "removeProcessGroup":
		delete(f.programs, name)
		return fakeYes
	case "stopProcessGroup":
		f.stop(p)
		return "<array><data></data></array>"
	case "startProcess":
		if p.state == 20 {
			return fakeFault(60, "ALREADY_STARTED: "+name)
		}
		f.run(p)
		return fakeYes
	case "getProcessInfo":
		return p.info()
	}
	return fakeFault(1, "UNKNOWN_METHOD")
}

func (f *fakeServer) names() []string {
	var names []string
	for name := range f.programs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// info is the answer about a program.
func (p *fakeProgram) info() string {
	var b strings.Builder
	b.WriteString("<struct>")
	for name, n := range map[string]int{"state": p.state, "pid": p.pid, "exitstatus": p.exit, "start": int(p.start.Unix()), "stop": 0} {
		fmt.Fprintf(&b, "<member><name>%s</name><value><int>%d</int></value></member>", name, n)
	}
	b.WriteString("</struct>")
	return b.String()
}

// reload compares the files with what is known.
func (f *fakeServer) reload() string {
	f.pending = map[string]map[string]string{}
	for section, options := range readSections(f.conf) {
		if name, ok := strings.CutPrefix(section, "program:"); ok {
			f.pending[name] = options
		}
	}
	var lists [3][]string
	for name, options := range f.pending {
		if p := f.programs[name]; p == nil {
			lists[0] = append(lists[0], name)
		} else if fmt.Sprint(p.options) != fmt.Sprint(options) {
			lists[1] = append(lists[1], name)
		}
	}
	for name := range f.programs {
		if f.pending[name] == nil {
			lists[2] = append(lists[2], name)
		}
	}
	var b strings.Builder
	b.WriteString("<array><data><value><array><data>")
	for _, list := range lists {
		b.WriteString("<value><array><data>")
		for _, name := range list {
			b.WriteString("<value><string>" + name + "</string></value>")
		}
		b.WriteString("</data></array></value>")
	}
	b.WriteString("</data></array></value></data></array>")
	return b.String()
}

func (f *fakeServer) add(name string) {
	p := &fakeProgram{options: f.pending[name]}
	f.programs[name] = p
	if p.options["autostart"] == "true" {
		f.run(p)
	}
}

// run starts a program, and starts it again when it ends and is to.
func (f *fakeServer) run(p *fakeProgram) {
	log, err := os.OpenFile(p.options["stdout_logfile"], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		p.state = 200
		return
	}
	c := exec.Command("/bin/sh", "-c", "exec "+p.options["command"])
	c.Dir, c.Stdout, c.Stderr = p.options["directory"], log, log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Env = append(os.Environ(), strings.Split(strings.ReplaceAll(p.options["environment"], `"`, ""), ",")...)
	if err := c.Start(); err != nil {
		p.state = 200
		return
	}
	p.state, p.pid, p.start, p.stopping, p.ended = 20, c.Process.Pid, time.Now(), false, make(chan struct{})
	if p.options["startsecs"] != "0" {
		p.state = 10
		go f.settle(p, p.ended)
	}
	go func(ended chan struct{}) {
		c.Wait()
		log.Close()
		close(ended)
		f.mu.Lock()
		defer f.mu.Unlock()
		if p.stopping || p.ended != ended {
			return
		}
		early := p.state == 10
		p.exit, p.pid, p.state = c.ProcessState.ExitCode(), 0, 100
		if early {
			p.state = 30
			time.AfterFunc(50*time.Millisecond, func() { f.retry(p, ended) })
			return
		}
		if again := p.options["autorestart"]; again == "true" || again == "unexpected" && p.exit != 0 {
			time.Sleep(20 * time.Millisecond)
			f.run(p)
		}
	}(p.ended)
}

// settle says that a program runs which has stayed up for a while.
func (f *fakeServer) settle(p *fakeProgram, ended chan struct{}) {
	time.Sleep(30 * time.Millisecond)
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.ended == ended && p.state == 10 {
		p.state = 20
	}
}

// retry starts a program again that did not stay up.
func (f *fakeServer) retry(p *fakeProgram, ended chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.ended == ended && p.state == 30 {
		f.run(p)
	}
}

// stop stops a program and waits for its end.
func (f *fakeServer) stop(p *fakeProgram) {
	if p.state == 20 || p.state == 10 {
		p.stopping = true
		syscall.Kill(-p.pid, syscall.SIGTERM)
		<-p.ended
		p.pid = 0
	}
	if p.state < 100 {
		p.state = 0
	}
}
