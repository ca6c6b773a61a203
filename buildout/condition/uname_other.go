//go:build !linux

package condition

func hostNames() names { return fallbackNames() }
