//go:build !linux

package pure

import (
	"errors"
	"syscall"
)

func (l Launcher) ways() []bool { return []bool{false} }

func (l Launcher) separate(*syscall.SysProcAttr) {}

func lay([]*layer, string) error { return errors.ErrUnsupported }

// Refusals is empty: there are no namespaces on this system.
func Refusals() []string { return nil }
