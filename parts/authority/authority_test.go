package authority

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// now is the time of the tests.
var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// newAuthority returns an authority that is not made yet.
func newAuthority(t *testing.T) Authority {
	t.Helper()
	dir := t.TempDir()
	a := Authority{Dir: dir, Private: dir + "/private", NewCerts: dir + "/newcerts", Requests: dir + "/requests", KeySize: 1024,
		Subject: Subject{"XX", "State", "City", "Company", "xx@example.com"}}
	for _, sub := range []string{a.Private, a.NewCerts, a.Requests, dir + "/certs"} {
		if err := os.Mkdir(sub, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// request returns a request for a certificate.
func (a Authority) request(name string, alt ...string) Request {
	return Request{Name: name, Key: filepath.Join(a.Private, Hash(name)+".key"), Certificate: filepath.Join(a.Dir, "certs", Hash(name)+".crt"), AltNames: alt, KeySize: 1024}
}

// ensure runs the authority and checks what it has signed.
func (a Authority) ensure(t *testing.T, at time.Time, want ...string) {
	t.Helper()
	signed, err := a.Ensure(at)
	if err != nil || !slices.Equal(signed, want) {
		t.Fatalf("signed %q, %v; want %q", signed, err, want)
	}
}

// certificate reads a certificate.
func certificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("%s holds no PEM", path)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// leave leaves a request, which must succeed.
func (a Authority) leave(t *testing.T, r Request) Request {
	t.Helper()
	if err := r.Leave(a.Requests, 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEnsure(t *testing.T) {
	a := newAuthority(t)
	r := a.leave(t, a.request("www.example.com"))
	a.ensure(t, now, "www.example.com")
	root, leaf := certificate(t, a.certPath()), certificate(t, r.Certificate)
	pool := x509.NewCertPool()
	pool.AddCert(root)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "www.example.com", CurrentTime: now}); err != nil {
		t.Error(err)
	}
	if got := leaf.Subject.String(); !strings.Contains(got, "CN=www.example.com,O=Company,ST=State,C=XX") {
		t.Errorf("subject %s", got)
	}
	for path, mode := range map[string]os.FileMode{a.keyPath(): 0o600, r.Key: 0o600, a.certPath(): 0o644, r.Certificate: 0o644, a.NewCerts + "/01.pem": 0o644} {
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	for name, want := range map[string]string{
		"serial": "02\n", "crlnumber": "01",
		"index.txt": "V\t351231030405Z\t\t01\tunknown\t/C=XX/ST=State/O=Company/CN=www.example.com/emailAddress=xx@example.com\n",
	} {
		if text, err := os.ReadFile(filepath.Join(a.Dir, name)); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v; want %q", name, text, err, want)
		}
	}
	a.ensure(t, now)                                         // nothing to do
	a.ensure(t, now.Add(certificateTerm), "www.example.com") // it would have ended
	if again := certificate(t, r.Certificate); !again.PublicKey.(*rsa.PublicKey).Equal(leaf.PublicKey) {
		t.Error("the key has changed")
	}
}

// TestFirstRequest: the authority is made when somebody wants something of it.
func TestFirstRequest(t *testing.T) {
	a := newAuthority(t)
	r := a.request("first")
	if made, err := a.Answer(r, now); err != nil || made || a.Exists() {
		t.Fatalf("a directory that is none of an authority: %v, %v", made, err)
	}
	a.Subject.Company = "Of openssl.cnf"
	if err := os.WriteFile(a.Dir+"/openssl.cnf", a.Config(), 0o600); err != nil {
		t.Fatal(err)
	}
	a.ensure(t, now)
	if a.Exists() {
		t.Error("an authority that nobody has asked")
	}
	made, err := Authority{Dir: a.Dir, Private: a.Private, Requests: a.Requests}.Answer(r, now)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	if got := certificate(t, a.certPath()).Subject.Organization; !slices.Equal(got, []string{"Of openssl.cnf"}) {
		t.Errorf("company %q", got)
	}
}

func TestAuthorityRenewed(t *testing.T) {
	a := newAuthority(t)
	a.leave(t, a.request("x"))
	a.ensure(t, now, "x")
	before := certificate(t, a.certPath())
	a.ensure(t, now.Add(authorityTerm-day), "x")
	after := certificate(t, a.certPath())
	if after.Subject.String() != before.Subject.String() || !after.NotAfter.After(before.NotAfter) {
		t.Errorf("%s until %s, then %s until %s", before.Subject, before.NotAfter, after.Subject, after.NotAfter)
	}
}

func TestNames(t *testing.T) {
	a := newAuthority(t)
	a.ensure(t, now)
	for _, c := range []struct {
		name      string
		alt, want []string
	}{
		{"host", nil, []string{"host"}},
		{"::1", nil, []string{"::1"}},
		{"two words", nil, nil},
		{"more", []string{"b.example", "10.0.0.1", "[::1]", "*.a.example"}, []string{"*.a.example", "10.0.0.1", "::1", "b.example"}},
	} {
		r := a.request(c.name, c.alt...)
		if made, err := a.Answer(r, now); err != nil || !made {
			t.Fatalf("%s: %v, %v", c.name, made, err)
		}
		if got := namesOf(certificate(t, r.Certificate)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	r := a.request("more", "other.example")
	if made, err := a.Answer(r, now); err != nil || !made {
		t.Errorf("other names: %v, %v", made, err)
	}
}

// TestForeign: what somebody else has put there is not touched.
func TestForeign(t *testing.T) {
	a, b := newAuthority(t), newAuthority(t)
	a.ensure(t, now)
	b.ensure(t, now)
	r := a.request("x")
	if _, err := b.Answer(r, now); err != nil {
		t.Fatal(err)
	}
	if made, err := a.Answer(r, now.Add(certificateTerm)); err != nil || made {
		t.Errorf("%v, %v", made, err)
	}
	if err := os.WriteFile(r.Key, []byte("sealed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Answer(r, now); err == nil {
		t.Error("a key that cannot be read was replaced")
	}
}

func TestBadRequests(t *testing.T) {
	a := newAuthority(t)
	a.leave(t, a.request("good"))
	for name, text := range map[string]string{"1": "junk", "2": "[certificate]\nname = x\nkey_file = rel\ncertificate_file = /c\n"} {
		if err := os.WriteFile(filepath.Join(a.Requests, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	signed, err := a.Ensure(now)
	if !slices.Equal(signed, []string{"good"}) || err == nil || strings.Count(err.Error(), "is no request for a certificate") != 2 {
		t.Errorf("signed %q, %v", signed, err)
	}
	for name, want := range map[string]bool{"": true, strings.Repeat("x", 65): true, "a\nb": true, "\xff": true, "é b": false} {
		if err := CheckName(name); (err != nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestOpenSSL lets OpenSSL check the certificates and go on with the directory.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl")
	}
	a := newAuthority(t)
	a.KeySize = 2048
	r := a.request("mail server")
	r.KeySize = 2048
	a.leave(t, r)
	start := time.Now()
	a.ensure(t, start, "mail server")
	if err := os.WriteFile(a.Dir+"/openssl.cnf", a.Config(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"verify -CAfile cacert.pem certs/" + Hash("mail server") + ".crt",
		"req -new -config openssl.cnf -nodes -newkey rsa:2048 -keyout k -out r -subj /C=XX/ST=State/O=Company/CN=by.hand",
		"ca -batch -config openssl.cnf -in r -out c",
		"verify -CAfile cacert.pem c",
	} {
		c := exec.CommandContext(t.Context(), openssl, strings.Fields(line)...)
		c.Dir = a.Dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", line, err, out)
		}
	}
	after := a.leave(t, a.request("after"))
	a.ensure(t, start, "after")
	if n := certificate(t, after.Certificate).SerialNumber.Int64(); n != 3 {
		t.Errorf("the number is %d, want 3", n)
	}
}

func TestEllipticCurve(t *testing.T) {
	a := newAuthority(t)
	a.KeySize = 384
	r := a.request("a.example")
	r.KeySize = 256
	if err := r.Leave(a.Requests, 0o644); err != nil {
		t.Fatal(err)
	}
	a.ensure(t, now, "a.example")
	for path, bits := range map[string]int{r.Certificate: 256, a.certPath(): 384} {
		key, ok := certificate(t, path).PublicKey.(*ecdsa.PublicKey)
		if !ok || key.Curve.Params().BitSize != bits {
			t.Errorf("%s: %T, want a key of a curve with %d bits", path, key, bits)
		}
	}
	if err := certificate(t, r.Certificate).CheckSignatureFrom(certificate(t, a.certPath())); err != nil {
		t.Error(err)
	}
	a.ensure(t, now)
	for size, ok := range map[int]bool{0: false, 255: false, 256: true, 521: true, 1023: false, 1024: true, 16384: true, 16385: false} {
		if (CheckKeySize(size) == nil) != ok {
			t.Errorf("a key with %d bits: %v", size, !ok)
		}
	}
}
