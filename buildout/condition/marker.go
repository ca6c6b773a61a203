package condition

import "gobuild/parts/pep"

// marker is a condition that is a marker.
type marker struct{ pep.Marker }

// parseMarker returns the marker that text is, or false. What is none is read
// as Python, whose errors are reported.
func parseMarker(text string) (marker, bool) {
	m, ok := pep.ParseMarker(text, func(body string) (string, bool) {
		value, err := decodeString(body, 0)
		return value, err == nil
	})
	return marker{m}, ok
}

func (m marker) eval(env map[string]string) (bool, *Error) {
	value, err := m.Eval(env)
	if err != nil {
		return false, &Error{Offset: err.Offset, Kind: err.Kind, Msg: err.Msg}
	}
	return value, nil
}
