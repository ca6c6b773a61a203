package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// KeyRequest says which pair of keys for SSH somebody wants.
type KeyRequest struct {
	PrivateKey string `json:"private_key"`
	PublicKey  string `json:"public_key"`
	Type       string `json:"type,omitempty"`
	Size       int    `json:"size,omitempty"`
}

// sshKey is a public key on a line of a key generator.
var sshKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^(?:ssh|ecdsa)-\S+ \S+`) })

// MakeKeys makes the keys that are requested by the files in a directory, each a
// KeyRequest as JSON, by keygen: OpenSSH's if its path has "openssh" in it or its
// name is ssh-keygen, else dropbear's. A file that is no request is passed over.
// It returns the private keys that were made.
func MakeKeys(ctx context.Context, dir, keygen string, environ []string) (made []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		var r KeyRequest
		if err != nil || json.Unmarshal(text, &r) != nil || r.PrivateKey == "" || r.PublicKey == "" {
			continue
		}
		k := keyMaker{keygen, environ}
		done, err := k.ensure(ctx, r)
		if err != nil {
			return made, err
		}
		if done {
			made = append(made, r.PrivateKey)
		}
	}
	return made, nil
}

// keyMaker runs a key generator.
type keyMaker struct {
	program string
	environ []string
}

func (k keyMaker) isOpenSSH() bool {
	return strings.Contains(k.program, "openssh") || filepath.Base(k.program) == "ssh-keygen"
}

// ensure makes what is missing of a pair.
func (k keyMaker) ensure(ctx context.Context, r KeyRequest) (made bool, err error) {
	if _, err := os.Lstat(r.PrivateKey); errors.Is(err, fs.ErrNotExist) {
		if err := os.Remove(r.PublicKey); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		if _, err := k.run(ctx, k.newKey(r)...); err != nil {
			return false, err
		}
		made = true
	}
	if _, err := os.Stat(r.PublicKey); err == nil {
		return made, nil
	}
	out, err := k.run(ctx, "-f", r.PrivateKey, "-y")
	if err != nil {
		return made, err
	}
	public := sshKey().Find(out)
	if public == nil {
		return made, fmt.Errorf("%s has told no public key of %s", k.program, r.PrivateKey)
	}
	return made, os.WriteFile(r.PublicKey, public, 0o644)
}

// newKey are the arguments for a new key.
func (k keyMaker) newKey(r KeyRequest) []string {
	const usual = 4096
	if r.Type == "" {
		r.Type = "rsa"
	}
	if r.Size == 0 {
		r.Size = usual
	}
	size := fmt.Sprint(r.Size)
	if k.isOpenSSH() {
		return []string{"-N", "", "-C", "", "-t", r.Type, "-f", r.PrivateKey, "-b", size}
	}
	return []string{"-t", r.Type, "-f", r.PrivateKey, "-s", size}
}

func (k keyMaker) run(ctx context.Context, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, k.program, args...)
	c.Env = k.environ
	out, err := c.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", k.program, err, bytes.TrimSpace(out))
	}
	return out, nil
}
