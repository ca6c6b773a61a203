package condition

import "syscall"

func hostNames() names {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return fallbackNames()
	}
	return names{
		system:  text(u.Sysname[:]),
		node:    text(u.Nodename[:]),
		release: text(u.Release[:]),
		build:   text(u.Version[:]),
		machine: text(u.Machine[:]),
	}
}

// text reads a C string, whose element type differs between architectures.
func text[C int8 | uint8](chars []C) string {
	b := make([]byte, 0, len(chars))
	for _, c := range chars {
		if c == 0 {
			break
		}
		b = append(b, byte(c))
	}
	return string(b)
}
