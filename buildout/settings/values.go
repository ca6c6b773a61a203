package settings

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is a field of Settings. Set changes it only when text is good.
type value interface {
	set(text string, o origin) error
	String() string
}

// origin is what relative names in a value are relative to: the directory of
// the file that sets it, and the home of the user for ~/. Both are empty for
// defaults.
type origin struct{ dir, home string }

// absolute returns name as an absolute path.
func (o origin) absolute(name string) (string, error) {
	if name == "~" || strings.HasPrefix(name, "~/") {
		if o.home == "" {
			return "", fmt.Errorf("%q needs a home directory, and HOME is not set", name)
		}
		return filepath.Join(o.home, name[1:]), nil
	}
	if filepath.IsAbs(name) {
		return filepath.Clean(name), nil
	}
	return filepath.Join(o.dir, name), nil
}

// choice is one of some words.
type choice struct {
	to    *string
	words []string
}

func (v *choice) String() string { return *v.to }

func (v *choice) set(text string, _ origin) error {
	if !slices.Contains(v.words, text) {
		return fmt.Errorf("%q is none of %s", text, strings.Join(v.words, ", "))
	}
	*v.to = text
	return nil
}

// number is a whole number within bounds.
type number struct {
	to       *int
	from, up int
}

func (v *number) String() string { return strconv.Itoa(*v.to) }

func (v *number) set(text string, _ origin) error {
	n, err := strconv.Atoi(text)
	if err != nil || text != strconv.Itoa(n) {
		return fmt.Errorf("%q is not a whole number", text)
	}
	if n < v.from || n > v.up {
		return fmt.Errorf("%d is not from %d to %d", n, v.from, v.up)
	}
	*v.to = n
	return nil
}

// boolean is true or false.
type boolean struct{ to *bool }

func (v *boolean) String() string { return strconv.FormatBool(*v.to) }

func (v *boolean) set(text string, _ origin) error {
	if !slices.Contains(booleans, text) {
		return fmt.Errorf("%q is neither true nor false", text)
	}
	*v.to = text == "true"
	return nil
}

// seconds is a time.
type seconds struct{ to *time.Duration }

func (v *seconds) String() string { return fmt.Sprint(int64(v.to.Seconds())) }

func (v *seconds) set(text string, o origin) error {
	n := 0
	if err := (&number{&n, 1, maxSeconds}).set(text, o); err != nil {
		return err
	}
	*v.to = time.Duration(n) * time.Second
	return nil
}

// directory is a path; empty is none.
type directory struct{ to *string }

func (v *directory) String() string { return *v.to }

func (v *directory) set(text string, o origin) error {
	if text == "" {
		*v.to = ""
		return nil
	}
	if strings.ContainsAny(text, "\n\r\x00") {
		return fmt.Errorf("%q is not one directory", text)
	}
	path, err := o.absolute(text)
	if err == nil {
		*v.to = path
	}
	return err
}

// places is a list of URLs and paths.
type places struct{ to *[]string }

func (v *places) String() string { return strings.Join(*v.to, " ") }

func (v *places) set(text string, o origin) error {
	var list []string
	for _, item := range items(text) {
		if !strings.Contains(item, "://") {
			path, err := o.absolute(item)
			if err != nil {
				return err
			}
			item = path
		}
		list = append(list, item)
	}
	*v.to = list
	return nil
}

// codes is a list of codes of warnings.
type codes struct{ to *[]string }

func (v *codes) String() string { return strings.Join(*v.to, " ") }

func (v *codes) set(text string, _ origin) error {
	list := items(text)
	for _, item := range list {
		if !warningCode().MatchString(item) {
			return fmt.Errorf("%q is not the code of a warning", item)
		}
	}
	*v.to = list
	return nil
}

// matching is a word of some form.
type matching struct {
	to   *string
	form func() *regexp.Regexp
	what string
}

func (v *matching) String() string { return *v.to }

func (v *matching) set(text string, _ origin) error {
	if !v.form().MatchString(text) {
		return fmt.Errorf("%q is not %s", text, v.what)
	}
	*v.to = text
	return nil
}

// items returns the words of a list. Lines of it that begin with # or ; are
// comments.
func items(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' && line[0] != ';' {
			list = append(list, strings.Fields(line)...)
		}
	}
	return list
}
