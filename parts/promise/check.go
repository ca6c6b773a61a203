package promise

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Outcome is what a check has found. Message names the cause of a failure.
type Outcome struct {
	Failed  bool
	Message string
}

func kept(format string, args ...any) Outcome { return Outcome{false, fmt.Sprintf(format, args...)} }

func failed(format string, args ...any) Outcome { return Outcome{true, fmt.Sprintf(format, args...)} }

// Check is one kind of check. It ends with its context.
type Check func(context.Context, Scope, Config) Outcome

// Scope is where a check looks.
type Scope struct {
	Dir     string   // of the instance: relative paths count from it
	Environ []string // of the programs that a check runs
}

// checks are those that are done without Python, by their names in
// slapos.toolbox.
func checks() map[string]Check {
	return map[string]Check{
		"check_socket_listening": checkSocket,
		"check_url_available":    checkURL,
		"check_command_execute":  checkCommand,
		"check_file_state":       checkFile,
		"check_certificate":      checkCertificate,
		"check_free_disk_space":  checkDisk,
		"check_server_cpu_load":  checkLoad,
		"check_ram_usage":        checkMemory,
	}
}

// Named returns a check by its name: that in slapos.toolbox, or one of Names.
func Named(name string) (Check, bool) {
	c, ok := checks()["check_"+strings.TrimPrefix(strings.ReplaceAll(name, "-", "_"), "check_")]
	return c, ok
}

// Names returns the names of all checks as a command line has them, sorted.
func Names() []string {
	names := slices.Sorted(maps.Keys(checks()))
	for i, name := range names {
		names[i] = strings.ReplaceAll(strings.TrimPrefix(name, "check_"), "_", "-")
	}
	return names
}

// IsKnown reports whether a class of a Python module is a check that is done
// without Python.
func IsKnown(module, class string) bool {
	_, ok := Plugin{Module: module, Class: class}.check()
	return ok
}

// Config is what a check is told: texts, and what Python's literals become.
type Config map[string]any

// text returns a value as text; a missing one is "".
func (c Config) text(key string) string {
	switch v := c[key].(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return map[bool]string{true: "1", false: "0"}[v]
	default:
		return fmt.Sprint(v)
	}
}

// or returns a value as text, or def when it is blank.
func (c Config) or(key, def string) string {
	if text := c.text(key); text != "" {
		return text
	}
	return def
}

// number returns a value as a number, or def when it is blank.
func (c Config) number(key string, def float64) (float64, error) {
	text := strings.TrimSpace(c.text(key))
	if text == "" {
		return def, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is %q, which is no number", key, text)
	}
	return n, nil
}

// isOn reports whether a value is 1, true or yes. A missing one is def.
func (c Config) isOn(key string, def bool) bool {
	switch strings.ToLower(strings.TrimSpace(c.text(key))) {
	case "":
		return def
	case "1", "true", "yes", "on":
		return true
	}
	return false
}
