package recipes

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"slices"
	"strings"

	"gobuild/parts"
)

// sumOptions are the options that hold a checksum, with the number of
// hexadecimal digits.
var sumOptions = []struct {
	key, algorithm string
	digits         int
	new            func() hash.Hash
}{
	{"md5sum", "md5", 2 * md5.Size, md5.New},
	{"sha1sum", "sha1", 2 * sha1.Size, sha1.New},
	{"sha256sum", "sha256", 2 * sha256.Size, sha256.New},
	{"sha512sum", "sha512", 2 * sha512.Size, sha512.New},
}

// sumOptionSpecs documents the options that optionSums reads.
func sumOptionSpecs() []parts.OptionSpec {
	return []parts.OptionSpec{
		{Name: "md5sum", Doc: "MD5 of the file, in hexadecimal of either case. Blank means unknown."},
		{Name: "sha1sum", Doc: "SHA-1 of the file; checked in addition."},
		{Name: "sha256sum", Doc: "SHA-256 of the file; checked in addition."},
		{Name: "sha512sum", Doc: "SHA-512 of the file; checked in addition."},
	}
}

// optionSums returns the checksums that the options of a section give; blank
// ones count as missing. With keys, only these options are read. Any text is an
// md5sum: no file has one that is not 32 digits, so it fails as a wrong one does.
func optionSums(o parts.Options, keys ...string) ([]parts.Checksum, error) {
	var sums []parts.Checksum
	for _, s := range sumOptions {
		if len(keys) > 0 && !slices.Contains(keys, s.key) {
			continue
		}
		text := strings.ToLower(strings.TrimSpace(optionText(o, s.key)))
		if text == "" {
			continue
		}
		if _, err := hex.DecodeString(text); s.key != "md5sum" && (err != nil || len(text) != s.digits) {
			return nil, optionError(o, s.key, codeBadValue, "%q is not an %s checksum: it must be %d hexadecimal digits", text, strings.ToUpper(s.algorithm), s.digits)
		}
		sums = append(sums, parts.Checksum{Algorithm: s.algorithm, Hex: text, At: optionPlace(o, s.key).at})
	}
	return sums, nil
}

// checkSums returns the first of sums that data does not have.
func checkSums(data []byte, sums []parts.Checksum) (bad parts.Checksum, ok bool) {
	for _, sum := range sums {
		if sumOf(data, sum.Algorithm) != sum.Hex {
			return sum, false
		}
	}
	return parts.Checksum{}, true
}

// sumOf returns a checksum of data in hexadecimal, "" when there is no such
// algorithm.
func sumOf(data []byte, algorithm string) string {
	for _, s := range sumOptions {
		if s.algorithm == algorithm {
			h := s.new()
			h.Write(data)
			return hex.EncodeToString(h.Sum(nil))
		}
	}
	return ""
}
