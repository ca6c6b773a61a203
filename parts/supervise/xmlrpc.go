package supervise

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// client speaks XML-RPC to a server behind a socket. supervisord wants few types
// in a handful of calls, of which this is all, over a socket and with limits on what
// an answer may be.
type client struct {
	http *http.Client
}

// The limits of an answer.
const (
	maxAnswer = 16 << 20
	maxDepth  = 32
)

// newClient returns the client of the server that listens at a socket.
func newClient(socket string) *client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &client{&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Fault is an error that the server tells.
type Fault struct {
	Code int64
	Text string
}

// Error is the text of the server.
func (f *Fault) Error() string { return f.Text }

// The faults of supervisord that are expected.
const (
	faultShutdown       = 6
	faultBadName        = 10
	faultAlreadyStarted = 60
	faultNotRunning     = 70
	faultAlreadyAdded   = 90
	faultStillRunning   = 91
)

// isFault reports whether an error is a fault with one of these codes.
func isFault(err error, codes ...int64) bool {
	var f *Fault
	if errors.As(err, &f) {
		for _, code := range codes {
			if f.Code == code {
				return true
			}
		}
	}
	return false
}

// call calls a method. Arguments are texts and booleans. The result is a string,
// int64, bool, float64, []any, map[string]any or nil.
func (c *client) call(ctx context.Context, limit time.Duration, method string, args ...any) (any, error) {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://supervisor/RPC2", bytes.NewReader(encodeCall(method, args)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "text/xml")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: the answer has the status %s", method, response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxAnswer {
		return nil, fmt.Errorf("%s: the answer is larger than %d bytes", method, maxAnswer)
	}
	value, err := decodeAnswer(text)
	if f := (*Fault)(nil); err != nil && !errors.As(err, &f) {
		err = fmt.Errorf("%s: the answer is not understood: %w", method, err)
	}
	return value, err
}

// encodeCall is the text of a call.
func encodeCall(method string, args []any) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0"?><methodCall><methodName>`)
	xml.EscapeText(&b, []byte(method))
	b.WriteString("</methodName><params>")
	for _, arg := range args {
		b.WriteString("<param><value>")
		if yes, ok := arg.(bool); ok {
			fmt.Fprintf(&b, "<boolean>%d</boolean>", map[bool]int{true: 1}[yes])
		} else {
			b.WriteString("<string>")
			xml.EscapeText(&b, []byte(fmt.Sprint(arg)))
			b.WriteString("</string>")
		}
		b.WriteString("</value></param>")
	}
	b.WriteString("</params></methodCall>")
	return b.Bytes()
}

// decodeAnswer reads an answer; the error may be a *Fault.
func decodeAnswer(text []byte) (any, error) {
	r := &reader{xml.NewDecoder(bytes.NewReader(text))}
	if err := r.enter("methodResponse"); err != nil {
		return nil, err
	}
	start, err := r.child()
	switch {
	case err != nil:
		return nil, err
	case start == "fault":
		if err := r.enter("value"); err != nil {
			return nil, err
		}
		value, err := r.value(0)
		if err != nil {
			return nil, err
		}
		return nil, faultOf(value)
	case start != "params":
		return nil, fmt.Errorf("<%s> stands where <params> should be", start)
	}
	if err := errors.Join(r.enter("param"), r.enter("value")); err != nil {
		return nil, err
	}
	return r.value(0)
}

func faultOf(value any) error {
	fields, _ := value.(map[string]any)
	code, ok := fields["faultCode"].(int64)
	text, isText := fields["faultString"].(string)
	if !ok || !isText {
		return errors.New("a fault without faultCode and faultString")
	}
	return &Fault{code, text}
}

// reader reads the elements of an answer.
type reader struct{ d *xml.Decoder }

// enter reads the start of an element.
func (r *reader) enter(name string) error {
	got, err := r.child()
	if err == nil && got != name {
		err = fmt.Errorf("<%s> stands where <%s> should be", got, name)
	}
	return err
}

// child reads the start of the next element; "" is the end of the one around it.
func (r *reader) child() (string, error) {
	for {
		token, err := r.d.Token()
		if err != nil {
			return "", unexpected(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			return t.Name.Local, nil
		case xml.EndElement:
			return "", nil
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return "", errors.New("text between elements")
			}
		}
	}
}

// unexpected is the error of an answer that ends too soon.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// value reads what stands in <value>, with its end. Text without a type is a
// string.
func (r *reader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("values lie too deep in each other")
	}
	var plain strings.Builder
	for {
		token, err := r.d.Token()
		if err != nil {
			return nil, unexpected(err)
		}
		switch t := token.(type) {
		case xml.CharData:
			plain.Write(t)
		case xml.EndElement:
			return plain.String(), nil
		case xml.StartElement:
			v, err := r.typed(t.Name.Local, depth)
			if err != nil {
				return nil, err
			}
			return v, r.leave()
		}
	}
}

// leave reads the end of an element that holds nothing more.
func (r *reader) leave() error {
	name, err := r.child()
	if err == nil && name != "" {
		err = fmt.Errorf("<%s> stands where nothing should be", name)
	}
	return err
}

// typed reads a value of a type, with the end of its element.
func (r *reader) typed(kind string, depth int) (any, error) {
	switch kind {
	case "array":
		return r.array(depth)
	case "struct":
		return r.members(depth)
	}
	text, err := r.text()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "string", "dateTime.iso8601", "base64":
		return text, nil
	case "int", "i4", "i8":
		return strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	case "double":
		return strconv.ParseFloat(strings.TrimSpace(text), 64)
	case "boolean":
		return strings.TrimSpace(text) == "1", nil
	case "nil":
		return nil, nil
	}
	return nil, fmt.Errorf("the type <%s> is not known", kind)
}

// text reads up to the end of an element that holds only text.
func (r *reader) text() (string, error) {
	var b strings.Builder
	for {
		token, err := r.d.Token()
		if err != nil {
			return "", unexpected(err)
		}
		switch t := token.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			return "", fmt.Errorf("<%s> stands in a text", t.Name.Local)
		}
	}
}

func (r *reader) array(depth int) (any, error) {
	if err := r.enter("data"); err != nil {
		return nil, err
	}
	list := []any{}
	for {
		name, err := r.child()
		if err != nil {
			return nil, err
		}
		if name == "" {
			return list, r.leave()
		}
		if name != "value" {
			return nil, fmt.Errorf("<%s> stands in an array", name)
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (r *reader) members(depth int) (any, error) {
	fields := map[string]any{}
	for {
		name, err := r.child()
		if err != nil || name == "" {
			return fields, err
		}
		if name != "member" {
			return nil, fmt.Errorf("<%s> stands in a struct", name)
		}
		if err := r.enter("name"); err != nil {
			return nil, err
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		if err := r.enter("value"); err != nil {
			return nil, err
		}
		if fields[key], err = r.value(depth + 1); err != nil {
			return nil, err
		}
		if err := r.leave(); err != nil {
			return nil, err
		}
	}
}
