package recipes

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"gobuild/parts"
	"gobuild/parts/authority"
)

const certificateLines = `ca-dir = @ROOT@/ca
ca-private = @ROOT@/ca/private/
ca-certs = @ROOT@/ca/certs/
ca-newcerts = @ROOT@/ca/newcerts/
requests-directory = @ROOT@/ca/requests/
openssl-binary = /none
key-size = 1024
`

// newCertificates returns a stand with the directories of an authority.
func newCertificates(t *testing.T) *stand {
	t.Helper()
	s := newStand(t)
	for _, name := range []string{"private", "certs", "newcerts", "requests"} {
		if err := os.MkdirAll(s.at("ca/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// certificateAuthority prepares both recipes.
func certificateActions(s *stand, name string) (ca, request parts.Action) {
	ca = s.prepare(certificateAuthorityRecipe{}, s.section(certificateLines+"wrapper = @ROOT@/serve"))
	request = s.prepare(certificateRequestRecipe{}, s.section(certificateLines+
		"name = "+name+"\nkey-file = @ROOT@/x.key\ncert-file = @ROOT@/x.crt\nexecutable = /bin/echo\nwrapper = @ROOT@/run"))
	return ca, request
}

// TestCertificate: in whatever order the parts are installed, the certificate is
// there at the end.
func TestCertificate(t *testing.T) {
	for _, requestFirst := range []bool{true, false} {
		s := newCertificates(t)
		ca, request := certificateActions(s, "www.example.com")
		order := []parts.Action{ca, request}
		if requestFirst {
			order = []parts.Action{request, ca}
		}
		for _, a := range order {
			if err := a.Run(t.Context(), s.Work); err != nil {
				t.Fatal(err)
			}
		}
		pair, err := tls.LoadX509KeyPair(s.at("x.crt"), s.at("x.key"))
		if err != nil {
			t.Fatal(err)
		}
		if err := pair.Leaf.VerifyHostname("www.example.com"); err != nil {
			t.Error(err)
		}
		hash := authority.Hash("www.example.com")
		s.check("x.key", "x.key link "+s.at("ca/private/"+hash+".key"))
		s.check("x.crt", "x.crt link "+s.at("ca/certs/"+hash+".crt"))
		if info, err := os.Stat(s.at("x.key")); err != nil || info.Mode() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		s.checkOwned("@ROOT@/x.key", "@ROOT@/x.crt", "@ROOT@/run", "@ROOT@/serve")
		out, status := runScript(t, s, s.at("run"), "hello")
		if out != "hello\n" || status != 0 {
			t.Errorf("%q, status %d", out, status)
		}
		before, _ := os.ReadFile(s.at("x.crt"))
		for _, a := range order {
			if err := s.update(a); err != nil {
				t.Fatal(err)
			}
		}
		if after, _ := os.ReadFile(s.at("x.crt")); string(after) != string(before) {
			t.Error("an update has made another certificate")
		}
	}
}

// TestCertificateLayout: an authority that nobody asks has files but no key yet,
// and a request without an authority waits.
func TestCertificateLayout(t *testing.T) {
	s := newCertificates(t)
	ca, _ := certificateActions(s, "x")
	if err := ca.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"serial": "01", "crlnumber": "01", "index.txt": ""} {
		s.check("ca/"+name, "ca/"+name+` file 0644 "`+want+`"`)
	}
	s.check("ca/private", "ca/private dir 0755")
	if info, err := os.Stat(s.at("ca/openssl.cnf")); err != nil || info.Mode() != 0o600 {
		t.Errorf("openssl.cnf: %v, %v", info, err)
	}
	s = newCertificates(t)
	_, request := certificateActions(s, "some name")
	if err := request.Run(t.Context(), s.Work); err != nil {
		t.Fatal(err)
	}
	hash := authority.Hash("some name")
	text, err := os.ReadFile(s.at("ca/requests/" + hash))
	want := "[certificate]\nname = some name\nkey_file = " + s.at("ca/private/"+hash) + ".key\ncertificate_file = " + s.at("ca/certs/"+hash) + ".crt\n"
	if err != nil || !strings.HasPrefix(string(text), want) {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := os.Stat(s.at("x.crt")); err == nil {
		t.Error("a certificate without an authority")
	}
}

// TestCertificateGiven: a certificate of the user is written if it fits its key.
func TestCertificateGiven(t *testing.T) {
	key, certificate := certificatePair(t)
	other, _ := certificatePair(t)
	indent := func(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") }
	s := newCertificates(t)
	lines := certificateLines + "name = n\nkey-file = @ROOT@/x.key\ncert-file = @ROOT@/x.crt\ncert-content = " + indent(certificate) + "\nkey-content = "
	s.install(certificateRequestRecipe{}, lines+indent(key))
	if _, err := tls.LoadX509KeyPair(s.at("x.crt"), s.at("x.key")); err != nil {
		t.Error(err)
	}
	s.check("ca/requests", "ca/requests dir 0755")
	s.checkOwned("@ROOT@/x.key", "@ROOT@/x.crt")
	_, err := certificateRequestRecipe{}.Prepare(t.Context(), s.section(lines+indent(other)))
	if err == nil || !strings.Contains(err.Error(), "The key and certificate provided don't match each other") {
		t.Errorf("another key: %v", err)
	}
}

// certificatePair is a key with its certificate, in PEM.
func certificatePair(t *testing.T) (key, certificate string) {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)})
	return string(private), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestCertificateInTheWay(t *testing.T) {
	s := newCertificates(t)
	s.write("x.crt", "mine", 0o644)
	o := s.section(certificateLines + "name = n\nkey-file = @ROOT@/x.key\ncert-file = @ROOT@/x.crt\nexecutable = e\nwrapper = @ROOT@/run")
	err := s.prepare(certificateRequestRecipe{}, o).Run(t.Context(), s.Work)
	s.checkFails(err, o, "cert-file", "'@ROOT@/x.crt' file should be a symbolic link.")
	s.check("x.crt", `x.crt file 0644 "mine"`)
}

func TestCertificateRefused(t *testing.T) {
	checkRefused(t, certificateAuthorityRecipe{}, []prepareCase{
		{"missing", "ca-dir = c", "requests-directory", "Missing option: foo:requests-directory"},
		{"country", certificateLines + "wrapper = w\ncountry-code = FRA", "country-code", `"FRA" is not a country of two letters`},
		{"email", certificateLines + "wrapper = w\nemail = é", "email", `"é" has characters that no address has`},
		{"key size", strings.Replace(certificateLines, "1024", "512", 1) + "wrapper = w", "key-size", "a key has from 1024 to 16384 bits; with 256, 384 or 521 it is one of an elliptic curve"},
	})
	const base = certificateLines + "key-file = k\ncert-file = c\n"
	checkRefused(t, certificateRequestRecipe{}, []prepareCase{
		{"missing", base + "wrapper = w", "executable", "Missing option: foo:executable"},
		{"name", base + "name = " + strings.Repeat("x", 65), "name", "the name of the certificate has 65 characters: 64 are the most"},
	})
}
