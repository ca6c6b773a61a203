package recipes

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// hookJob is what the shim reads.
type hookJob struct {
	Part     string                       `json:"part"`
	File     string                       `json:"file"`
	Function string                       `json:"function"`
	Options  map[string]string            `json:"options"`
	Buildout map[string]map[string]string `json:"buildout"`
	Environ  map[string]string            `json:"environ"`
	Result   string                       `json:"result"`
}

// hookResult is what the shim writes.
type hookResult struct {
	Options map[string]string `json:"options"`
	Environ map[string]string `json:"environ"`
	Error   string            `json:"error"`
}

func readHookResult(path string) (hookResult, error) {
	var result hookResult
	text, err := os.ReadFile(path)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return result, fmt.Errorf("read the result of a hook: %w", err)
	}
	result.Error = fromLatin1(result.Error)
	result.Options, result.Environ = convert(result.Options, fromLatin1), convert(result.Environ, fromLatin1)
	return result, nil
}

// encodeHookJob returns a job as JSON. Values of the environment can be any
// bytes, JSON text cannot: each byte is written as the character of its number.
func encodeHookJob(job hookJob) (string, error) {
	buildout := make(map[string]map[string]string, len(job.Buildout))
	for name, options := range job.Buildout {
		buildout[toLatin1(name)] = convert(options, toLatin1)
	}
	job.Part, job.File, job.Function, job.Result = toLatin1(job.Part), toLatin1(job.File), toLatin1(job.Function), toLatin1(job.Result)
	job.Options, job.Environ, job.Buildout = convert(job.Options, toLatin1), convert(job.Environ, toLatin1), buildout
	text, err := json.Marshal(job)
	if err != nil {
		return "", fmt.Errorf("write the job of a hook: %w", err)
	}
	return string(text), nil
}

// toLatin1 returns text with each byte as the character of that number.
func toLatin1(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(rune(text[i]))
	}
	return b.String()
}

// fromLatin1 is the reverse of toLatin1.
func fromLatin1(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}

// convert returns a map with each key and value changed by f.
func convert(values map[string]string, f func(string) string) map[string]string {
	changed := make(map[string]string, len(values))
	for key, value := range values {
		changed[f(key)] = f(value)
	}
	return changed
}
