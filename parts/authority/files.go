package authority

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// lock waits until nobody else works in a directory.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", dir, err)
		}
	}
}

// layout makes the files that OpenSSL wants, where they are missing.
func (a Authority) layout() error {
	for name, text := range map[string]string{"serial": "01", "crlnumber": "01", "index.txt": ""} {
		path := filepath.Join(a.Dir, name)
		if exists(path) {
			continue
		}
		if err := writeFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// note notes a certificate before it is used: its number is never given again.
func (a Authority) note(serial *big.Int, text string, end time.Time, subject string, der []byte) error {
	next := new(big.Int).Add(serial, big.NewInt(1))
	if err := writeFile(filepath.Join(a.Dir, "serial"), []byte(hexadecimal(next)+"\n"), 0o644); err != nil {
		return err
	}
	index := filepath.Join(a.Dir, "index.txt")
	old, err := os.ReadFile(index)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("V\t%s\t\t%s\tunknown\t%s\n", end.UTC().Format("060102150405Z"), text, subject)
	if err := writeFile(index, append(old, line...), 0o644); err != nil {
		return err
	}
	if a.NewCerts == "" {
		return nil
	}
	return writeCertificate(filepath.Join(a.NewCerts, text+".pem"), der)
}

func writeKey(path string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func writeCertificate(path string, der []byte) error {
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

// writeFile puts a file at path in one step, with exactly this mode.
func writeFile(path string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

// readPair reads a key and its certificate.
func readPair(key, certificate string) (pair, error) {
	k, err := os.ReadFile(key)
	if err != nil {
		return pair{}, err
	}
	c, err := os.ReadFile(certificate)
	if err != nil {
		return pair{}, err
	}
	return parsePair(k, c)
}

func parsePair(key, certificate []byte) (pair, error) {
	both, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return pair{}, err
	}
	signer, ok := both.PrivateKey.(crypto.Signer)
	if !ok {
		return pair{}, errors.New("the key cannot sign")
	}
	return pair{signer, both.Leaf}, nil
}

// readKey reads a key.
func readKey(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", path)
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

// Config is the text of openssl.cnf: what `openssl ca` needs to go on with the
// directory.
func (a Authority) Config() []byte {
	s := a.Subject
	return fmt.Appendf(nil, configText, a.Dir, a.keyPath(), a.newCerts(), a.keySize(), s.Country, s.State, s.City, s.Company, s.Email)
}

// configText is openssl.cnf.
const configText = `# Written by gobuild at every run. A new authority has the name that stands here.

[ ca ]
default_ca = authority

[ authority ]
dir = %s
certificate = $dir/cacert.pem
private_key = %s
database = $dir/index.txt
new_certs_dir = %s
serial = $dir/serial
crlnumber = $dir/crlnumber
unique_subject = no
default_md = sha256
default_days = 3650
default_crl_days = 30
policy = same_company
x509_extensions = of_a_certificate

[ same_company ]
countryName = match
stateOrProvinceName = match
organizationName = match
organizationalUnitName = optional
commonName = supplied
emailAddress = optional

[ req ]
default_bits = %d
default_md = sha256
distinguished_name = name
string_mask = utf8only

[ name ]
countryName = Country
countryName_default = %s
stateOrProvinceName = State
stateOrProvinceName_default = %s
localityName = City
localityName_default = %s
0.organizationName = Company
0.organizationName_default = %s
commonName = Name
emailAddress = Email address
emailAddress_default = %s

[ of_a_certificate ]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer

[ v3_ca ]
basicConstraints = CA:TRUE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
`

// configured is the subject that openssl.cnf names.
func (a Authority) configured() Subject {
	s := Subject{Country: "XX"}
	text, _ := os.ReadFile(filepath.Join(a.Dir, "openssl.cnf"))
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, "=")
		for name, field := range map[string]*string{"countryName": &s.Country, "stateOrProvinceName": &s.State, "localityName": &s.City,
			"0.organizationName": &s.Company, "emailAddress": &s.Email} {
			if key = strings.TrimSpace(key); key == name+"_default" || key == name+"_value" {
				*field = strings.TrimSpace(value)
			}
		}
	}
	return s
}

func (a Authority) newCerts() string {
	if a.NewCerts != "" {
		return a.NewCerts
	}
	return filepath.Join(a.Dir, "newcerts")
}

func (a Authority) keySize() int {
	if a.KeySize > 0 && curve(a.KeySize) == nil { // what openssl makes by default is RSA
		return a.KeySize
	}
	return DefaultKeySize
}
