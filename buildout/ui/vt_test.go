package ui

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"
	"unsafe"
)

// vt is a terminal that remembers all of its lines, those that have left it at
// the top too. It knows what the screen is known to send and fails on more.
type vt struct {
	t             *testing.T
	columns, rows int
	lines         [][]rune // a wide character stands with a 0 behind it
	row, column   int
	wrapped       bool
	writes        int
}

func newVT(t *testing.T, columns, rows int) *vt {
	return &vt{t: t, columns: columns, rows: rows, lines: make([][]rune, 1)}
}

var vtSequence = regexp.MustCompile(`^\x1b\[([0-9;]*)([A-Za-z])`)

func (v *vt) Write(p []byte) (int, error) {
	v.writes++
	for s := string(p); s != ""; {
		if m := vtSequence.FindStringSubmatch(s); m != nil {
			v.control(m[1], m[2])
			s = s[len(m[0]):]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		v.put(r)
		s = s[size:]
	}
	return len(p), nil
}

func (v *vt) put(r rune) {
	switch {
	case r == '\r':
		v.column = 0
	case r == '\n':
		v.down()
	case r < ' ':
		v.t.Errorf("control character %q", r)
	default:
		width := runeWidth(r)
		if v.column+width > v.columns {
			v.wrapped = true
			v.down()
		}
		line := v.lines[v.row]
		for len(line) < v.column+width {
			line = append(line, ' ')
		}
		line[v.column] = r
		if width == 2 {
			line[v.column+1] = 0
		}
		v.lines[v.row] = line
		v.column += width
	}
}

func (v *vt) down() {
	v.row++
	v.column = 0
	if v.row == len(v.lines) {
		v.lines = append(v.lines, nil)
	}
}

func (v *vt) control(parameter, final string) {
	n, _ := strconv.Atoi(parameter)
	switch final {
	case "m":
	case "F":
		v.row, v.column = max(v.row-max(n, 1), len(v.lines)-v.rows, 0), 0
	case "K", "J":
		if n != 0 {
			v.t.Errorf("unexpected parameter %d of %s", n, final)
		}
		v.lines[v.row] = v.lines[v.row][:min(v.column, len(v.lines[v.row]))]
		if final == "J" {
			v.lines = v.lines[:v.row+1]
		}
	default:
		v.t.Errorf("unexpected sequence %s%s", parameter, final)
	}
}

// String returns all lines without the blanks at their ends.
func (v *vt) String() string {
	var b strings.Builder
	for _, line := range v.lines {
		text := strings.ReplaceAll(string(line), "\x00", "")
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (v *vt) size() (int, int) { return v.columns, v.rows }

// openPTY returns both ends of a new pseudo-terminal of that size.
func openPTY(t *testing.T, columns, rows uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	var unlock, number int32
	ioctl(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	ioctl(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	size := [4]uint16{rows, columns}
	ioctl(t, slave, syscall.TIOCSWINSZ, unsafe.Pointer(&size))
	return master, slave
}

func ioctl(t *testing.T, f *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	connection, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	connection.Control(func(fd uintptr) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(argument)); errno != 0 {
			t.Fatalf("ioctl %#x: %v", request, errno)
		}
	})
}

// readAll returns what comes from master until the last slave is closed.
func readAll(master *os.File) []byte {
	var b bytes.Buffer
	b.ReadFrom(master) // ends with EIO
	return b.Bytes()
}
