package parts

import "fmt"

// Error names the command and how it ended.
func (e *ExitError) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("cannot run %s: %v", e.Command, e.Err)
	case e.Signal != "":
		return fmt.Sprintf("command %s was killed by %s", e.Command, e.Signal)
	}
	return fmt.Sprintf("command %s returned non-zero exit status %d", e.Command, e.Code)
}

// Unwrap returns why the process could not be started.
func (e *ExitError) Unwrap() error { return e.Err }
