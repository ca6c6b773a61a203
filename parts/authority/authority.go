package authority

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// How long certificates are valid, and how long before their end they are
// signed again.
const (
	day             = 24 * time.Hour
	authorityTerm   = 10950 * day
	certificateTerm = 3650 * day
	renewal         = 30 * day
)

// DefaultKeySize is the length of RSA keys in bits.
const DefaultKeySize = 2048

// CheckKeySize refuses a number of bits that no key has.
func CheckKeySize(size int) error {
	const least, most = 1024, 16384
	if curve(size) == nil && (size < least || size > most) {
		return fmt.Errorf("a key has from %d to %d bits; with 256, 384 or 521 it is one of an elliptic curve", least, most)
	}
	return nil
}

// curve is the elliptic curve of keys with so many bits; nil for RSA.
func curve(size int) elliptic.Curve {
	return map[int]elliptic.Curve{256: elliptic.P256(), 384: elliptic.P384(), 521: elliptic.P521()}[size]
}

// newKey makes a key with so many bits; 0 is DefaultKeySize.
func newKey(size int) (crypto.Signer, error) {
	if c := curve(size); c != nil {
		return ecdsa.GenerateKey(c, rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, cmp.Or(size, DefaultKeySize))
}

// Subject is what certificates say of their owner besides the name.
type Subject struct{ Country, State, City, Company, Email string }

// Authority is a certificate authority in a directory.
type Authority struct {
	Dir      string
	Private  string // holds cakey.pem
	NewCerts string // blank: no copies are kept
	Requests string // the directory of the requests
	Subject  Subject
	KeySize  int // 0 is DefaultKeySize; see CheckKeySize
}

func (a Authority) keyPath() string  { return filepath.Join(a.Private, "cakey.pem") }
func (a Authority) certPath() string { return filepath.Join(a.Dir, "cacert.pem") }

// Ensure makes the directory ready and signs the certificates that are requested.
// The key and the certificate of the authority are made for the first request. It
// returns the names of the certificates. now is the time.
func (a Authority) Ensure(now time.Time) (signed []string, err error) {
	unlock, err := lock(a.Requests)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, a.layout()
	}
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := a.layout(); err != nil {
		return nil, err
	}
	requests, err := a.requests()
	if err != nil || len(requests) == 0 && !a.Exists() {
		return nil, err
	}
	pair, err := a.own(now)
	if err != nil {
		return nil, err
	}
	return a.answerAll(pair, requests, now)
}

// Exists reports whether the authority has its key and its certificate.
func (a Authority) Exists() bool { return exists(a.keyPath()) && exists(a.certPath()) }

// isReady reports whether the directory is that of an authority.
func (a Authority) isReady() bool { return exists(filepath.Join(a.Dir, "serial")) }

// pair is a key with its certificate.
type pair struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

// own returns the key and the certificate of the authority; it makes them when
// one of the two is missing, and signs the certificate again before it expires.
func (a Authority) own(now time.Time) (pair, error) {
	if !a.Exists() {
		return a.create(now)
	}
	p, err := readPair(a.keyPath(), a.certPath())
	if err != nil {
		return p, fmt.Errorf("read the authority in %s: %w", a.Dir, err)
	}
	if p.certificate.NotAfter.After(now.Add(renewal)) {
		return p, nil
	}
	return a.selfSign(p.key, p.certificate.RawSubject, now)
}

// create makes the key and the certificate. A key without a certificate, or the
// other way round, is replaced.
func (a Authority) create(now time.Time) (pair, error) {
	key, err := newKey(a.KeySize)
	if err != nil {
		return pair{}, err
	}
	subject, err := a.Subject.encode("Certificate Authority "+token(), true)
	if err != nil {
		return pair{}, err
	}
	if err := os.Remove(a.certPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pair{}, err
	}
	if err := writeKey(a.keyPath(), key); err != nil {
		return pair{}, err
	}
	return a.selfSign(key, subject, now)
}

// selfSign makes the certificate of the authority.
func (a Authority) selfSign(key crypto.Signer, subject []byte, now time.Time) (pair, error) {
	id, err := keyID(key)
	if err != nil {
		return pair{}, err
	}
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return pair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: number, RawSubject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityTerm),
		IsCA: true, BasicConstraintsValid: true, SubjectKeyId: id, AuthorityKeyId: id, SignatureAlgorithm: algorithm(key),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return pair{}, err
	}
	if err := writeCertificate(a.certPath(), der); err != nil {
		return pair{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return pair{key, certificate}, err
}

// algorithm is how a key signs.
func algorithm(key crypto.Signer) x509.SignatureAlgorithm {
	if _, ok := key.Public().(*rsa.PublicKey); ok {
		return x509.SHA256WithRSA
	}
	return x509.UnknownSignatureAlgorithm // what fits the key
}

// keyID identifies a key as `subjectKeyIdentifier = hash` does.
func keyID(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.Bytes)
	return sum[:], nil
}

// token is a random text that no other authority has in its name.
func token() string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%x", b)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
