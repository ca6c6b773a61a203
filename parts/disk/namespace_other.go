//go:build !linux

package disk

import (
	"errors"
	"os"
)

// Enter cannot be done.
func Enter(*os.File, []string) (int, error) { return 0, errors.ErrUnsupported }

// Inherit returns environ.
func Inherit(environ []string) (*os.File, []string) { return nil, environ }
