package authority

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Request says which certificate somebody wants.
type Request struct {
	Name             string // of the owner
	Key, Certificate string // the files
	// AltNames are the host names and addresses of the owner; without any, the
	// name is one of them if it looks like one.
	AltNames []string
	KeySize  int // 0 is DefaultKeySize; see CheckKeySize
}

// Hash is what files are called that belong to a name.
func Hash(name string) string {
	sum := sha512.Sum512([]byte(name))
	return hex.EncodeToString(sum[:])
}

// text is the file of a request: an INI file, as slapos.cookbook writes it.
func (r Request) text() string {
	var b strings.Builder
	b.WriteString("[certificate]\n")
	write := func(key, value string) {
		if value != "" {
			b.WriteString(key + " = " + strings.ReplaceAll(value, "\n", "\n\t") + "\n")
		}
	}
	write("name", r.Name)
	write("key_file", r.Key)
	write("certificate_file", r.Certificate)
	write("alt_names", strings.Join(r.AltNames, " "))
	if r.KeySize > 0 && r.KeySize != DefaultKeySize {
		write("key_size", strconv.Itoa(r.KeySize))
	}
	return b.String() + "\n"
}

// Leave leaves the request in the directory of an authority, as a file with this
// mode.
func (r Request) Leave(dir string, mode os.FileMode) error {
	path := filepath.Join(dir, Hash(r.Name))
	if old, err := os.ReadFile(path); err == nil && string(old) == r.text() {
		return nil
	}
	return writeFile(path, []byte(r.text()), mode)
}

// readRequest reads the file of a request.
func readRequest(path string) (r Request, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, "="); ok {
			values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	r = Request{Name: values["name"], Key: values["key_file"], Certificate: values["certificate_file"], AltNames: strings.Fields(values["alt_names"])}
	r.KeySize, _ = strconv.Atoi(values["key_size"])
	if r.Name == "" || !filepath.IsAbs(r.Key) || !filepath.IsAbs(r.Certificate) {
		return r, fmt.Errorf("%s is no request for a certificate", path)
	}
	return r, nil
}

// Answer signs one certificate, if the directory of the authority is ready. It
// returns whether it was necessary.
func (a Authority) Answer(r Request, now time.Time) (bool, error) {
	unlock, err := lock(a.Requests)
	if err != nil {
		return false, err
	}
	defer unlock()
	if !a.Exists() {
		if !a.isReady() {
			return false, nil
		}
		a.Subject = a.configured()
	}
	p, err := a.own(now)
	if err != nil {
		return false, err
	}
	return a.answer(p, r, now)
}

// requests are the files with requests.
func (a Authority) requests() (paths []string, err error) {
	entries, err := os.ReadDir(a.Requests)
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			paths = append(paths, filepath.Join(a.Requests, e.Name()))
		}
	}
	return paths, err
}

// answerAll answers requests. One that cannot be answered keeps no other from
// being answered.
func (a Authority) answerAll(p pair, requests []string, now time.Time) (signed []string, err error) {
	var problems []error
	for _, path := range requests {
		r, err := readRequest(path)
		made := false
		if err == nil {
			made, err = a.answer(p, r, now)
		}
		if err != nil {
			problems = append(problems, err)
		}
		if made {
			signed = append(signed, r.Name)
		}
	}
	return signed, errors.Join(problems...)
}

// answer makes what a request wants, unless it is there and valid.
func (a Authority) answer(p pair, r Request, now time.Time) (bool, error) {
	if err := CheckName(r.Name); err != nil {
		return false, err
	}
	key, err := readKey(r.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if key, err = newKey(r.KeySize); err != nil {
			return false, err
		}
		if err := writeKey(r.Key, key); err != nil {
			return false, err
		}
	case err != nil:
		return false, fmt.Errorf("the key of %s is there and cannot be read: %w", r.Name, err)
	case !r.needed(p, now):
		return false, nil
	}
	return true, a.sign(p, r, key, now)
}

// needed reports whether a request whose key exists needs a certificate: it has
// none that fits, or the authority has signed it and it ends soon or names others.
func (r Request) needed(p pair, now time.Time) bool {
	old, err := readPair(r.Key, r.Certificate)
	if err != nil {
		return true
	}
	if !bytes.Equal(old.certificate.RawIssuer, p.certificate.RawSubject) {
		return false // it was given by somebody else
	}
	named := len(r.AltNames) == 0 || slices.Equal(r.names(), namesOf(old.certificate))
	return !named || !old.certificate.NotAfter.After(now.Add(renewal))
}

// sign signs a certificate and notes it.
func (a Authority) sign(p pair, r Request, key crypto.Signer, now time.Time) error {
	subject := subjectOf(p.certificate.Subject)
	name, err := subject.encode(r.Name, false)
	if err != nil {
		return err
	}
	serial, text, err := a.nextSerial()
	if err != nil {
		return err
	}
	id, err := keyID(key)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, RawSubject: name, NotBefore: now.Add(-time.Hour), NotAfter: earlier(now.Add(certificateTerm), p.certificate.NotAfter),
		BasicConstraintsValid: true, SubjectKeyId: id, SignatureAlgorithm: algorithm(p.key),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageContentCommitment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	r.addNames(template)
	der, err := x509.CreateCertificate(rand.Reader, template, p.certificate, key.Public(), p.key)
	if err != nil {
		return err
	}
	if err := a.note(serial, text, template.NotAfter, subject.line(r.Name), der); err != nil {
		return err
	}
	return writeCertificate(r.Certificate, der)
}

// names are the host names and addresses of a request.
func (r Request) names() []string {
	names := r.AltNames
	if len(names) == 0 && looksLikeHost(r.Name) {
		names = []string{r.Name}
	}
	var t x509.Certificate
	Request{AltNames: names}.addNames(&t)
	return namesOf(&t)
}

// addNames puts the names into a certificate.
func (r Request) addNames(c *x509.Certificate) {
	names := r.AltNames
	if len(names) == 0 && looksLikeHost(r.Name) {
		names = []string{r.Name}
	}
	for _, name := range names {
		if ip := net.ParseIP(strings.Trim(name, "[]")); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
}

// namesOf are the host names and addresses of a certificate, sorted.
func namesOf(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	slices.Sort(names)
	return names
}

// looksLikeHost reports whether a name may be that of a host.
func looksLikeHost(name string) bool {
	if net.ParseIP(strings.Trim(name, "[]")) != nil {
		return true
	}
	return !strings.ContainsFunc(strings.TrimPrefix(name, "*."), func(r rune) bool {
		return r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// CheckPair says why a certificate and a key in PEM do not belong together.
func CheckPair(certificate, key string) error {
	_, err := parsePair([]byte(key), []byte(certificate))
	return err
}

// nextSerial is the next number and its text.
func (a Authority) nextSerial() (*big.Int, string, error) {
	text, err := os.ReadFile(filepath.Join(a.Dir, "serial"))
	if err != nil {
		return nil, "", err
	}
	n, ok := new(big.Int).SetString(strings.TrimSpace(string(text)), 16)
	if !ok || n.Sign() < 0 {
		return nil, "", fmt.Errorf("%s holds no number", filepath.Join(a.Dir, "serial"))
	}
	return n, hexadecimal(n), nil
}

// hexadecimal is a number with an even number of digits.
func hexadecimal(n *big.Int) string {
	text := strings.ToUpper(n.Text(16))
	return strings.Repeat("0", len(text)%2) + text
}
