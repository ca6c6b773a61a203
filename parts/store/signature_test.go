package store

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestSignature(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]string
		base    string
		want    string
	}{
		{"none", nil, "", "{}"},
		{"only the base", map[string]string{"_profile_base_location_": "/p"}, "/p", "{}"},
		{"sorted", map[string]string{"url": "/u", "a": "", "recipe": "r"}, "",
			"{\n  \"a\": \"\",\n  \"recipe\": \"r\",\n  \"url\": \"/u\"\n}"},
		{"base replaced", map[string]string{"_profile_base_location_": "/p", "x": "/p/a /p"}, "/p",
			"{\n  \"x\": \"${:_profile_base_location_}/a ${:_profile_base_location_}\"\n}"},
		{"escapes", map[string]string{"x": "\"\\\n\r\t\f\b\x01\x7f<&>\u2028é"}, "",
			"{\n  \"x\": \"\\\"\\\\\\n\\r\\t\\f\\b\\u0001\x7f<&>\u2028é\"\n}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Signature(c.options, c.base); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// The digest is that of slapos.recipe.build for the same options.
func TestDigest(t *testing.T) {
	text := Signature(map[string]string{"recipe": "slapos.recipe.cmmi", "shared": "true", "url": "/u", "md5sum": "0"}, "")
	if got, want := Digest(text), "e7c7868933aa10e2e89adb6ab365a2d8"; got != want {
		t.Errorf("got %s, want %s for %q", got, want, text)
	}
}

func FuzzSignature(f *testing.F) {
	f.Add("key", "value", "")
	f.Add("k\"", "a\nb\x00", "a")
	f.Fuzz(func(t *testing.T, key, value, base string) {
		if key == profileBase {
			return
		}
		var got map[string]string
		text := Signature(map[string]string{key: value}, "")
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%q is not JSON: %v", text, err)
		}
		if utf8.ValidString(key) && utf8.ValidString(value) && got[key] != value {
			t.Errorf("got %q, want %q", got[key], value)
		}
		Signature(map[string]string{key: value}, base)
	})
}
