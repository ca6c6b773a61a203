package recipes

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"

	"gobuild/parts"
)

func passwordSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"password", "slapos.cookbook:generate.password"},
		Doc: `Generates a password once and keeps it in a file that only its owner can read.

The file is a JSON object with the password and the hashes that were asked for; a
file with nothing but a password is read too. It stays when the part is removed,
so that the password is the same when the part comes back. No record and no log
shows a password that was generated, or that the file has, whatever section refers
to it; but one with less than 8 characters, a word, a number, or one that is given
and does not look generated stays out of the record of its own part only.

The option passwd-SCHEME is the password hashed: passwd-sha512-crypt,
passwd-sha256-crypt, passwd-bcrypt, passwd-md5-crypt or passwd-apr-md5-crypt. It
is made when somebody refers to it, and kept.`,
		Open: true,
		Options: []parts.OptionSpec{
			{Name: "storage-path", Doc: "The file, by default parts-directory/NAME. Blank: nothing is kept."},
			{Name: "bytes", Default: "16", Doc: "The length of the password: letters and digits."},
			{Name: "create-once", Default: "true", Doc: "y, yes, 1 or true: the file stays when the part is removed. Else it goes with the part, and there is another password next time."},
			{Name: "passwd", Doc: "The password. One that is given replaces the one in the file."},
		},
		Recipe: passwordRecipe{},
	}
}

type passwordRecipe struct{}

// passwordAction keeps a password.
type passwordAction struct {
	at     place // of storage-path
	path   string
	once   bool
	values map[string]string // as in the file: "" is the password, others are hashes
}

// Prepare reads or generates the password. SPEC-recipes 13.2.
func (passwordRecipe) Prepare(ctx context.Context, o parts.Options) (parts.Action, error) {
	path, err := passwordPath(ctx, o)
	if err != nil {
		return nil, err
	}
	once, err := optionBoolWords(o, "create-once", true, cookbookTrue, nil)
	if err != nil {
		return nil, err
	}
	a := &passwordAction{at: optionPlace(o, "storage-path"), path: path, once: once}
	given := optionText(o, "passwd")
	if err := a.read(ctx, o, given); err != nil {
		return nil, a.at.wrap(err)
	}
	if a.values[""] == "" {
		length, err := optionInt(o, "bytes", 16)
		if err != nil || length < 1 || length > maxPassword {
			return nil, optionError(o, "bytes", codeBadValue, "a password has from 1 to %d characters", maxPassword)
		}
		a.values[""] = generatePassword(length)
	}
	o.Set("passwd", a.values[""])
	if p, ok := o.(parts.Profile); ok {
		p.Hide("passwd")
		p.Provide(a.hashed(o))
		if text := a.values[""]; len(text) >= leastSecret && (passwordIsGenerated(text) || given == "" && !passwordIsWord(text)) {
			p.Secret(a.values[""])
		}
	}
	return a, nil
}

const (
	maxPassword = 1024
	// leastSecret is the length from which a password can be told from other
	// text.
	leastSecret = 8
	// passwordAlphabet is what passwords are made of.
	passwordAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// generatePassword returns a password of the given length. One that can be a
// secret looks generated, wherever it is read again.
func generatePassword(length int) string {
	for {
		text := make([]byte, length)
		for i := range text {
			text[i] = passwordAlphabet[randomBelow(len(passwordAlphabet))]
		}
		if length < leastSecret || passwordIsGenerated(string(text)) {
			return string(text)
		}
	}
}

// passwordIsGenerated reports whether a password looks like a generated one: a
// word that somebody chose may stand in a log for another reason.
func passwordIsGenerated(text string) bool {
	return strings.Trim(text, passwordAlphabet) == "" && strings.ContainsAny(text, "0123456789") &&
		strings.ToLower(text) != text && strings.ToUpper(text) != text
}

// passwordIsWord reports whether a password is a word or a number, which may
// stand in other texts.
func passwordIsWord(text string) bool {
	lower, upper, digits := passwordAlphabet[:26], passwordAlphabet[26:52], passwordAlphabet[52:]
	return strings.Trim(text, lower) == "" || strings.Trim(text, upper) == "" || strings.Trim(text, digits) == ""
}

// passwordPath is where the password is kept, or "".
func passwordPath(ctx context.Context, o parts.Options) (string, error) {
	path, _, given := o.Lookup("storage-path")
	if given {
		return path, nil
	}
	buildout, err := o.Section(ctx, "buildout")
	if err != nil {
		return "", err
	}
	path = cookbookJoin(optionText(buildout, "parts-directory"), o.Name())
	o.Set("storage-path", path)
	return path, nil
}

// read reads what is kept; a password that is given and another replaces all.
func (a *passwordAction) read(ctx context.Context, o parts.Options, given string) error {
	a.values = map[string]string{"": given}
	if a.path == "" {
		return nil
	}
	text, err := os.ReadFile(inBuildout(ctx, o, a.path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	kept := parsePassword(strings.Trim(string(text), "\n"))
	if given == "" || kept[""] == given {
		a.values = kept
	}
	return nil
}

// parsePassword reads both forms of the file.
func parsePassword(text string) map[string]string {
	var values map[string]string
	if json.Unmarshal([]byte(text), &values) == nil {
		if _, ok := values[""]; ok {
			return values
		}
	}
	return map[string]string{"": text}
}

// hashed makes the hashes that are asked for.
func (a *passwordAction) hashed(o parts.Options) func(string) (string, bool, error) {
	return func(key string) (string, bool, error) {
		scheme, ok := strings.CutPrefix(key, "passwd-")
		if !ok {
			return "", false, nil
		}
		if a.values[key] == "" {
			hash, err := hashPassword(scheme, a.values[""])
			if err != nil {
				return "", true, place{o.Header(), []string{o.Name(), key}}.fail(codeBadValue, "%v", err)
			}
			a.values[key] = hash
		}
		return a.values[key], true, nil
	}
}

// Run writes the file, unless it has the same in it.
func (a *passwordAction) Run(_ context.Context, w *parts.Work) error {
	if a.path == "" {
		return nil
	}
	path := workPath(w, a.path)
	if !a.once {
		w.Own(a.path)
	}
	text := []byte(pythonObject(a.values))
	mode := os.FileMode(cookbookFile)
	if info, same := fileHolds(path, text); same {
		return nil
	} else if info != nil {
		mode = info.Mode().Perm() // it is the user's
	}
	return a.at.wrap(writeFile(path, text, mode))
}

// Update writes what was added.
func (a *passwordAction) Update(ctx context.Context, w *parts.Work) error { return a.Run(ctx, w) }
