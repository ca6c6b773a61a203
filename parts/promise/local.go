package promise

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"gobuild/parts"
	"gobuild/parts/run"
)

// checkFile compares a file with a state: absent, empty or not-empty; with any
// other it only has to be there.
func checkFile(_ context.Context, s Scope, c Config) Outcome {
	path, state := s.path(c.text("filename")), c.text("state")
	info, err := os.Stat(path)
	switch {
	case path == "":
		return failed("no filename is given")
	case errors.Is(err, fs.ErrNotExist) && state == "absent":
		return kept("%s is absent", path)
	case errors.Is(err, fs.ErrNotExist):
		return failed("%s does not exist", path)
	case err != nil:
		return failed("%v", err)
	case state == "absent":
		return failed("%s exists and should not", path)
	case info.IsDir() && state != "":
		return failed("%s is a directory", path)
	case state == "empty" && info.Size() > 0:
		if url := strings.TrimSpace(c.text("url")); url != "" {
			return failed("%s is not empty, content available at %s", path, url)
		}
		return failed("%s is not empty", path)
	case state == "not-empty" && info.Size() == 0:
		return failed("%s is empty", path)
	}
	return kept("%s is as it should be (%s)", path, c.or("state", "present"))
}

// checkCommand runs a shell command, which must end with status 0.
func checkCommand(ctx context.Context, s Scope, c Config) Outcome {
	command := c.text("command")
	if strings.TrimSpace(command) == "" {
		return failed("no command is given")
	}
	output, err := runProgram(ctx, s, run.Shell(command))
	switch {
	case ctx.Err() != nil:
		return failed("%s", output)
	case err != nil:
		return failed("%s: %s", firstLine(command), withOutput(err, output))
	}
	return kept("%s: done", firstLine(command))
}

// firstLine is the first line of a command.
func firstLine(text string) string {
	line, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if rest != "" {
		line += " ..."
	}
	return line
}

// withOutput says how a program ended and what it has said.
func withOutput(err error, output string) string {
	end := err.Error()
	var exit *parts.ExitError
	if errors.As(err, &exit) {
		switch {
		case exit.Err != nil:
			end = exit.Err.Error()
		case exit.Signal != "":
			end = "ended by " + exit.Signal
		default:
			end = fmt.Sprintf("exit status %d", exit.Code)
		}
	}
	if output == "" {
		return end
	}
	return output + " (" + end + ")"
}

// runProgram runs a program in the directory of the instance and returns the
// last lines of its output. At the end of ctx it is killed with all that it has
// started.
func runProgram(ctx context.Context, s Scope, argv []string) (string, error) {
	const lines, grace = 40, time.Second
	tail := run.NewTail(lines)
	r := run.New(run.Config{Part: "promise", Dir: s.Dir, Env: s.Environ, Log: discardFirst(tail), Grace: grace})
	err := r.Run(ctx, parts.Command{Argv: argv, Show: argv[0]})
	return short(strings.Join(tail.Lines(), "\n")), err
}

// discardFirst drops the first line, which shows the command.
func discardFirst(t *run.Tail) writerFunc {
	seen := false
	return func(p []byte) (int, error) {
		rest := p
		if !seen {
			i := bytes.IndexByte(p, '\n')
			if i < 0 {
				return len(p), nil
			}
			seen, rest = true, p[i+1:]
		}
		t.Write(rest)
		return len(p), nil
	}
}

type writerFunc func([]byte) (int, error)

// Write calls f.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// checkCertificate wants a certificate to be valid for some days yet, and to
// fit its key.
func checkCertificate(_ context.Context, s Scope, c Config) Outcome {
	path, key := s.path(c.text("certificate")), s.path(c.text("key"))
	days, err := c.number("certificate-expiration-days", 15)
	if err != nil {
		return failed("%v", err)
	}
	return Certificate(path, key, time.Duration(days*24)*time.Hour, time.Now())
}

// Certificate says whether the certificate of a file is valid at the time now
// and for some time yet, and belongs to the key of a file, if one is named.
func Certificate(path, key string, atLeast time.Duration, now time.Time) Outcome {
	text, err := os.ReadFile(path)
	if err != nil {
		return failed("%v", err)
	}
	block, _ := pem.Decode(text)
	for block != nil && block.Type != "CERTIFICATE" {
		block, text = pem.Decode(text)
	}
	if block == nil {
		return failed("%s holds no certificate", path)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	days := int(atLeast.Hours() / 24)
	switch {
	case err != nil:
		return failed("%s: %v", path, err)
	case certificate.NotAfter.Before(now):
		return failed("the certificate %s has expired on %s", path, certificate.NotAfter.UTC().Format(time.DateOnly))
	case certificate.NotAfter.Before(now.Add(atLeast)):
		return failed("the certificate %s expires in less than %d days, on %s", path, days, certificate.NotAfter.UTC().Format(time.DateOnly))
	case key == "":
		return kept("the certificate %s is valid until %s", path, certificate.NotAfter.UTC().Format(time.DateOnly))
	}
	if _, err := tls.LoadX509KeyPair(path, key); err != nil {
		return failed("the certificate %s and the key %s do not fit: %v", path, key, err)
	}
	return kept("the certificate %s and its key are valid until %s", path, certificate.NotAfter.UTC().Format(time.DateOnly))
}

const gigabyte = 1 << 30

// checkDisk wants free space where the instance is: threshold gigabytes, or a
// twentieth of the disk; and free inodes.
func checkDisk(_ context.Context, s Scope, c Config) Outcome {
	d, err := diskOf(s.Dir)
	if err != nil {
		return failed("%v", err)
	}
	least, err := c.number("threshold", float64(d.size)/20/gigabyte)
	switch {
	case err != nil:
		return failed("%v", err)
	case d.inodes > 0 && float64(d.freeInodes) <= 0.02*float64(d.inodes):
		return failed("the disk of %s is running out of inodes: %d of %d are free", s.Dir, d.freeInodes, d.inodes)
	case float64(d.free) <= least*gigabyte:
		return failed("free disk space is low: %.2f G of %.0f G are free, %.2f G must be", float64(d.free)/gigabyte, float64(d.size)/gigabyte, least)
	}
	return kept("free disk space: %.2f G of %.0f G", float64(d.free)/gigabyte, float64(d.size)/gigabyte)
}

// disk is how much room there is.
type disk struct{ size, free, inodes, freeInodes uint64 }

// checkLoad compares the load of the machine, over a quarter of an hour, with
// its processors.
func checkLoad(_ context.Context, _ Scope, c Config) Outcome {
	const usual = 2.2
	most, err := c.number("cpu-load-threshold", usual)
	if err != nil {
		return failed("%v", err)
	}
	fields, err := procFields("/proc/loadavg")
	if err != nil {
		return failed("%v", err)
	}
	load, err := strconv.ParseFloat(fields[2], 64)
	if err != nil {
		return failed("%v", err)
	}
	if most == 0 {
		most = usual
	}
	if load > most*float64(runtime.NumCPU()) {
		return failed("the load is high: %s %s %s with %d processors", fields[0], fields[1], fields[2], runtime.NumCPU())
	}
	return kept("the load is %s", fields[2])
}

// checkMemory wants memory to be available, in megabytes.
func checkMemory(_ context.Context, _ Scope, c Config) Outcome {
	least, err := c.number("min-threshold-ram", 500)
	if err != nil {
		return failed("%v", err)
	}
	fields, err := procFields("/proc/meminfo")
	if err != nil {
		return failed("%v", err)
	}
	for i, word := range fields[:len(fields)-1] {
		if word != "MemAvailable:" {
			continue
		}
		kilobytes, err := strconv.ParseFloat(fields[i+1], 64)
		if err != nil {
			return failed("%v", err)
		}
		if kilobytes/1024 <= least {
			return failed("memory is low: %.0f M are available, %.0f M must be", kilobytes/1024, least)
		}
		return kept("%.0f M of memory are available", kilobytes/1024)
	}
	return failed("this system does not tell how much memory is available")
}

// procFields are the words of a file of the kernel, at least three.
func procFields(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if fields := strings.Fields(string(text)); len(fields) >= 3 {
		return fields, nil
	}
	return nil, fmt.Errorf("%s tells nothing", path)
}
