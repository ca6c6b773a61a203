package elf

import "fmt"

// Runtime is what is demanded of the libraries of the compiler: libgcc_s,
// libstdc++ and their like (see Classify).
type Runtime string

// The policies for compiler runtimes. The empty Runtime is RuntimeAllow.
const (
	RuntimeAllow  Runtime = "allow"  // that of the host may be used
	RuntimeOwn    Runtime = "own"    // the closure provides it
	RuntimeStatic Runtime = "static" // no file needs a shared one
)

// Policy is what a part is held to.
type Policy struct {
	Runtime  Runtime
	MaxGlibc string // newest version that symbols may ask for, as "2.17"; "" is any
	Allow    []Allow
}

// Check says what is wrong with a policy, or nil.
func (p Policy) Check() error {
	switch p.Runtime {
	case "", RuntimeAllow, RuntimeOwn, RuntimeStatic:
	default:
		return fmt.Errorf("runtime is `%s`: it is one of allow, own and static", p.Runtime)
	}
	if _, ok := parseVersion(p.MaxGlibc); !ok && p.MaxGlibc != "" {
		return fmt.Errorf("max-glibc is `%s`: it is a version of glibc such as 2.17", p.MaxGlibc)
	}
	return nil
}

// Allow makes findings notes, for a reason.
type Allow struct {
	Kind string // one of Kinds, or * for all
	// Pattern is compared with the subject of a finding, what it resolves to,
	// and its file: absolute, relative to the root of the part, and its name
	// alone. * is any text, also with slashes, ? is one character.
	Pattern string
	Reason  string
}

// Part is what one part owns and may use.
type Part struct {
	Name  string
	Roots []string // files and directories that it owns, absolute
	// Needs are the parts whose files it may use, in any number of steps.
	Needs  []string
	Policy Policy
}

// Input is what Audit works on.
type Input struct {
	Parts []Part // what is audited
	// Known are other parts of the same tree: what their files provide is not
	// the host's.
	Known []Part
	// Root is where the host's files are looked up: "" is /. The paths of
	// parts have nothing to do with it.
	Root string
	// Jobs is how many files are read at once; 0 is as many as there are
	// processors.
	Jobs int
}

// Level is how bad a finding is.
type Level int

// The levels, from the least.
const (
	Note Level = iota
	Warning
	Error
)

var levelNames = [...]string{"note", "warning", "error"}

func (l Level) String() string {
	if l < Note || l > Error {
		return fmt.Sprintf("level %d", int(l))
	}
	return levelNames[l]
}

// MarshalText makes a Level a word in JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (l *Level) UnmarshalText(text []byte) error {
	for i, name := range levelNames {
		if name == string(text) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("level `%s` is not known", text)
}

// Finding is one thing that the audit has to say about a file.
type Finding struct {
	Part  string `json:"part"`
	File  string `json:"file"` // absolute
	Kind  string `json:"kind"` // one of Kinds
	Level Level  `json:"level"`
	// Line is the line of a text file that the finding is about, or 0.
	Line int `json:"line,omitempty"`
	// Subject is what the finding is about: a soname, a directory, a symbol.
	Subject string `json:"subject,omitempty"`
	// Resolved is the path of the host, or of another part, that the subject
	// leads to.
	Resolved string `json:"resolved,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	// Providers are the parts that provide the subject, when it is a library.
	Providers []string `json:"providers,omitempty"`
	// Files are all files that it is about, when there are more than one: a
	// finding on hardening is made once for each part.
	Files []string `json:"files,omitempty"`
	// Allowed is the reason of the Allow that has made the finding a note.
	Allowed string `json:"allowed,omitempty"`
}

// PartReport is what one part needs of the machine.
type PartReport struct {
	Part  string `json:"part"`
	Files int    `json:"files"` // regular files
	ELF   int    `json:"elf"`
	// Glibc is the lowest glibc that the part runs on, as "2.34"; "" when
	// nothing asks for a version. It is asked for by GlibcSymbol in GlibcFile.
	Glibc       string `json:"glibc,omitempty"`
	GlibcFile   string `json:"glibcFile,omitempty"`
	GlibcSymbol string `json:"glibcSymbol,omitempty"`
	// Libraries are the names of glibc's own set that files of the part need.
	Libraries []string `json:"libraries,omitempty"`
	// Runtime are the compiler runtimes that files of the part need, and
	// RuntimeVersions the newest version of each kind (GLIBCXX, CXXABI, GCC).
	Runtime         []string `json:"runtime,omitempty"`
	RuntimeVersions []string `json:"runtimeVersions,omitempty"`
	// Uses are the other parts whose libraries its files load, sorted.
	Uses []string `json:"uses,omitempty"`
	// Dlopen are the names of libraries in files that call dlopen.
	Dlopen   []string `json:"dlopen,omitempty"`
	Errors   int      `json:"errors"`
	Warnings int      `json:"warnings"`
	Notes    int      `json:"notes"`
}

// Report is what an audit has found.
type Report struct {
	Parts    []PartReport `json:"parts"`    // as in the Input
	Findings []Finding    `json:"findings"` // by part, then file, then kind
	// Glibc is the lowest glibc that all parts run on.
	Glibc string `json:"glibc,omitempty"`
	// HostGlibc is the glibc of the machine, when it is known.
	HostGlibc string `json:"hostGlibc,omitempty"`
}

// Worst returns the highest level among the findings; ok is false when there is
// none.
func (r *Report) Worst() (l Level, ok bool) {
	for _, f := range r.Findings {
		l = max(l, f.Level)
	}
	return l, len(r.Findings) > 0
}

// Count returns how many findings have a level.
func (r *Report) Count(l Level) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == l {
			n++
		}
	}
	return n
}
