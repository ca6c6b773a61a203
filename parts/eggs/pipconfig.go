package eggs

import (
	"os"
	"path/filepath"
	"strings"

	"gobuild/parts/run"
)

// pipSettings is what pip's configuration says of where archives come from.
type pipSettings struct{ indexes, links []string }

// pipConfig reads the configuration of pip as pip does: the files of the
// machine, the user and the Python, then the environment.
func pipConfig(environ []string, prefix string) pipSettings {
	get := func(name string) string {
		value, _ := run.LookupEnv(environ, name)
		return value
	}
	home := get("HOME")
	user := filepath.Join(home, ".config")
	if xdg := get("XDG_CONFIG_HOME"); xdg != "" {
		user = xdg
	}
	files := []string{"/etc/xdg/pip/pip.conf", "/etc/pip.conf", filepath.Join(home, ".pip/pip.conf"), filepath.Join(user, "pip/pip.conf"), filepath.Join(prefix, "pip.conf")}
	switch file := get("PIP_CONFIG_FILE"); file {
	case "":
	case os.DevNull:
		files = nil
	default:
		files = append(files, file)
	}
	values := map[string]string{}
	for _, file := range files {
		if text, err := readLimited(file); err == nil {
			readPipFile(string(text), values)
		}
	}
	for _, key := range []string{"index-url", "extra-index-url", "find-links", "no-index"} {
		if value := get("PIP_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))); value != "" {
			values[key] = value
		}
	}
	c := pipSettings{links: strings.Fields(values["find-links"])}
	if no := strings.ToLower(values["no-index"]); no != "" && no != "0" && no != "false" && no != "no" && no != "off" {
		return c
	}
	c.indexes = []string{defaultIndex}
	if index := values["index-url"]; index != "" {
		c.indexes[0] = index
	}
	c.indexes = append(c.indexes, strings.Fields(values["extra-index-url"])...)
	return c
}

// readPipFile reads the sections [global], [install] and [download] of a file.
func readPipFile(text string, values map[string]string) {
	wanted, last := false, ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
		case trimmed[0] == '[':
			name := strings.Trim(trimmed, "[]")
			wanted, last = name == "global" || name == "install" || name == "download", ""
		case line[0] == ' ' || line[0] == '\t':
			if wanted && last != "" {
				values[last] += "\n" + trimmed
			}
		default:
			key, value, ok := strings.Cut(trimmed, "=")
			if !ok {
				key, value, _ = strings.Cut(trimmed, ":")
			}
			if last = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(key)), "_", "-"); wanted {
				values[last] = strings.TrimSpace(value)
			}
		}
	}
}
