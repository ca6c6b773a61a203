package elf

import (
	"strconv"
	"strings"
)

// version is a dotted number, for comparison.
type version [3]int

// parseVersion reads "2.17" or "3.4.30".
func parseVersion(text string) (v version, ok bool) {
	fields := strings.Split(text, ".")
	if len(fields) < 2 || len(fields) > len(v) {
		return v, false
	}
	for i, f := range fields {
		n, err := strconv.Atoi(f)
		if err != nil || n < 0 || len(f) > 6 || f[0] == '+' || f[0] == '-' {
			return version{}, false
		}
		v[i] = n
	}
	return v, true
}

// less reports whether v is older than w.
func (v version) less(w version) bool {
	for i := range v {
		if v[i] != w[i] {
			return v[i] < w[i]
		}
	}
	return false
}

// String is the version without zeros at its end, but with two numbers.
func (v version) String() string {
	text := strconv.Itoa(v[0]) + "." + strconv.Itoa(v[1])
	if v[2] != 0 {
		text += "." + strconv.Itoa(v[2])
	}
	return text
}
