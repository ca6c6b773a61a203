package recipes

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/GehirnInc/crypt"
	"golang.org/x/crypto/bcrypt"
)

func TestPasswordGenerated(t *testing.T) {
	s := newStand(t)
	s.write("parts/.k", "", 0o644)
	o := s.section("bytes = 24")
	a := s.prepare(passwordRecipe{}, o)
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	passwd := optionText(o, "passwd")
	if len(passwd) != 24 || strings.Trim(passwd, passwordAlphabet) != "" || !o.Hidden("passwd") {
		t.Errorf("password %q, hidden %v", passwd, o.Hidden("passwd"))
	}
	s.check("parts/foo", `parts/foo file 0600 "{\"\": \"`+passwd+`\"}"`)
	s.checkOwned()
	again := s.section("")
	s.prepare(passwordRecipe{}, again)
	if got := optionText(again, "passwd"); got != passwd {
		t.Errorf("the password changes from %q to %q", passwd, got)
	}
	if !slices.Contains(again.Secrets(), passwd) {
		t.Error("the password that was read is not secret")
	}
}

// No generated password is taken for a word, and none that is kept is shown
// because it happens to have no digit.
func TestPasswordsAreSecret(t *testing.T) {
	for range 2000 {
		if text := generatePassword(leastSecret); !passwordIsGenerated(text) {
			t.Fatalf("%q does not look generated", text)
		}
	}
	for _, c := range []struct {
		lines, kept string
		secret      bool
	}{
		{"", "DVaZbanVTWnFqinT", true},
		{"", "abcdefgh1jklmnop", true},
		{"", "correct horse", true},
		{"", "password", false},
		{"", "1234567890", false},
		{"", "Short1", false},
		{"passwd = DVaZbanVTWnFqinT", "", false},
		{"passwd = DVaZbanVTWnFq1nT", "", true},
	} {
		s := newStand(t)
		s.write("parts/foo", c.kept, 0o600)
		o := s.section(c.lines)
		s.prepare(passwordRecipe{}, o)
		if got := slices.Contains(o.Secrets(), optionText(o, "passwd")); got != c.secret {
			t.Errorf("%q %q: secret %v", c.lines, c.kept, got)
		}
	}
}

func TestPasswordForms(t *testing.T) {
	for _, c := range []struct{ name, lines, kept, want string }{
		{"given", "passwd = secret", "", `{"": "secret"}`},
		{"plain text", "", "oldpw\n", `{"": "oldpw"}`},
		{"hashes", "", `{"": "pw", "passwd-x": "h"}`, `{"": "pw", "passwd-x": "h"}`},
		{"given anew", "passwd = new", `{"": "pw", "passwd-x": "h"}`, `{"": "new"}`},
		{"other JSON", "", `{"a": "b"}`, `{"": "{\"a\": \"b\"}"}`},
	} {
		s := newStand(t)
		if c.kept != "" {
			s.write("out/pw", c.kept, 0o640)
		} else {
			s.write("out/.k", "", 0o640)
		}
		s.install(passwordRecipe{}, "storage-path = @ROOT@/out/pw\n"+c.lines)
		got, err := os.ReadFile(s.at("out/pw"))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: kept %q (%v), want %q", c.name, got, err, c.want)
		}
	}
}

func TestPasswordNotKept(t *testing.T) {
	s := newStand(t)
	s.install(passwordRecipe{}, "storage-path =\npasswd = x")
	s.write("out/.k", "", 0o644)
	s.install(passwordRecipe{}, "storage-path = @ROOT@/out/pw\ncreate-once = no")
	s.checkOwned("@ROOT@/out/pw")
	checkRefused(t, passwordRecipe{}, []prepareCase{
		{"length", "bytes = 0", "bytes", "a password has from 1 to 1024 characters"},
		{"number", "bytes = many", "bytes", "a password has from 1 to 1024 characters"},
	})
}

func TestPasswordHashes(t *testing.T) {
	s := newStand(t)
	s.write("out/.k", "", 0o644)
	o := s.section("storage-path = @ROOT@/out/pw\npasswd = secret")
	a := s.prepare(passwordRecipe{}, o)
	for _, scheme := range []string{"md5-crypt", "apr-md5-crypt", "sha256-crypt", "sha512_crypt"} {
		hash := optionText(o, "passwd-"+scheme)
		if err := crypt.NewFromHash(hash).Verify(hash, []byte("secret")); err != nil {
			t.Errorf("%s: %q: %v", scheme, hash, err)
		}
		if again := optionText(o, "passwd-"+scheme); again != hash {
			t.Errorf("%s: the hash changes", scheme)
		}
	}
	hash := optionText(o, "passwd-bcrypt")
	if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte("secret")); err != nil || !strings.HasPrefix(hash, "$2b$12$") {
		t.Errorf("bcrypt: %q: %v", hash, err)
	}
	if err := a.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	again := s.section("storage-path = @ROOT@/out/pw")
	s.prepare(passwordRecipe{}, again)
	if optionText(again, "passwd-bcrypt") != hash {
		t.Error("a hash is not kept")
	}
	if _, err := hashPassword("rot13", "x"); err == nil {
		t.Error("there is no error for an unknown scheme")
	}
}

// TestGeneratedLook: each generated password that is long enough is known as one.
func TestGeneratedLook(t *testing.T) {
	for length := leastSecret; length < 20; length++ {
		for range 200 {
			if text := generatePassword(length); len(text) != length || !passwordIsGenerated(text) {
				t.Fatalf("%q is none of %d characters that looks generated", text, length)
			}
		}
	}
}
