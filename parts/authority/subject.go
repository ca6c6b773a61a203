package authority

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The attributes of a name (RFC 4519, RFC 2985).
var (
	oidCountry = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidState   = asn1.ObjectIdentifier{2, 5, 4, 8}
	oidCity    = asn1.ObjectIdentifier{2, 5, 4, 7}
	oidCompany = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidName    = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidEmail   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
)

// maxName is the length of a common name (RFC 5280, ub-common-name).
const maxName = 64

// CheckName says why a name cannot be that of a certificate.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the name of the certificate is blank")
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("the name of the certificate has %d characters: %d are the most", utf8.RuneCountInString(name), maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("the name of the certificate has characters that cannot be shown")
	}
	return nil
}

// encode returns the name of a certificate in DER. The texts have the type that
// OpenSSL gives them: it compares them with their types.
func (s Subject) encode(name string, city bool) ([]byte, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	var sequence pkix.RDNSequence
	add := func(oid asn1.ObjectIdentifier, tag int, text string) {
		if text != "" {
			value := asn1.RawValue{Tag: tag, Bytes: []byte(text)}
			sequence = append(sequence, pkix.RelativeDistinguishedNameSET{{Type: oid, Value: value}})
		}
	}
	add(oidCountry, asn1.TagPrintableString, s.Country)
	add(oidState, asn1.TagUTF8String, s.State)
	if city {
		add(oidCity, asn1.TagUTF8String, s.City)
	}
	add(oidCompany, asn1.TagUTF8String, s.Company)
	add(oidName, asn1.TagUTF8String, name)
	add(oidEmail, asn1.TagIA5String, s.Email)
	return asn1.Marshal(sequence)
}

// Check says why a certificate cannot have the subject.
func (s Subject) Check() error {
	letters := func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }
	if len(s.Country) != 2 || strings.ContainsFunc(s.Country, letters) {
		return fmt.Errorf("%q is not a country of two letters", s.Country)
	}
	for _, text := range []string{s.State, s.City, s.Company, s.Email} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) || !utf8.ValidString(text) {
			return fmt.Errorf("%q has characters that cannot be shown", text)
		}
	}
	if strings.ContainsFunc(s.Email, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return fmt.Errorf("%q has characters that no address has", s.Email)
	}
	return nil
}

// subjectOf takes the subject out of the name of a certificate.
func subjectOf(name pkix.Name) Subject {
	first := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return list[0]
	}
	s := Subject{Country: first(name.Country), State: first(name.Province), City: first(name.Locality), Company: first(name.Organization)}
	for _, attribute := range name.Names {
		if text, ok := attribute.Value.(string); ok && attribute.Type.Equal(oidEmail) {
			s.Email = text
		}
	}
	return s
}

// line is a name as index.txt has it.
func (s Subject) line(name string) string {
	var b strings.Builder
	for _, part := range [][2]string{{"C", s.Country}, {"ST", s.State}, {"O", s.Company}, {"CN", name}, {"emailAddress", s.Email}} {
		if part[1] != "" {
			b.WriteString("/" + part[0] + "=" + strings.NewReplacer("\t", " ", "\n", " ").Replace(part[1]))
		}
	}
	return b.String()
}
