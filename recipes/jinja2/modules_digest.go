package jinja2

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"strings"

	"go.starlark.net/starlark"
)

func hashlibModule() *Object {
	functions := map[string]native{}
	for name, make := range map[string]func() hash.Hash{
		"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
		"sha3_224": func() hash.Hash { return sha3.New224() }, "sha3_256": func() hash.Hash { return sha3.New256() },
		"sha3_384": func() hash.Hash { return sha3.New384() }, "sha3_512": func() hash.Hash { return sha3.New512() },
	} {
		functions[name] = digestFunction(name, make)
	}
	return newModule("hashlib", functions, nil)
}

// bytesArgument returns an argument that must be bytes.
func (c *call) bytesArgument(v starlark.Value) (string, error) {
	switch v := v.(type) {
	case starlark.Bytes:
		return string(v), nil
	case starlark.String, Markup:
		if strings.HasPrefix(c.name, "b64") || strings.HasPrefix(c.name, "b32") || strings.HasPrefix(c.name, "b16") || strings.HasPrefix(c.name, "urlsafe") {
			return "", typeErrorf("a bytes-like object is required, not 'str'")
		}
		return "", typeErrorf("Strings must be encoded before hashing")
	case *Undefined:
		return "", v.fail()
	}
	return "", typeErrorf("object supporting the buffer API required")
}

func digestFunction(name string, make func() hash.Hash) native {
	return func(c *call) (starlark.Value, error) {
		p, err := c.params(0, "string", "usedforsecurity")
		if err != nil {
			return nil, err
		}
		h := make()
		if p[0] != nil {
			data, err := c.bytesArgument(p[0])
			if err != nil {
				return nil, err
			}
			h.Write([]byte(data))
		}
		o := newObject("_hashlib.HASH", map[string]starlark.Value{"name": starlark.String(name),
			"digest_size": starlark.MakeInt(h.Size()), "block_size": starlark.MakeInt(h.BlockSize())})
		o.attrs["digest"] = newFunc("digest", func(c *call) (starlark.Value, error) { return starlark.Bytes(h.Sum(nil)), c.none() })
		o.attrs["hexdigest"] = newFunc("hexdigest", func(c *call) (starlark.Value, error) {
			return starlark.String(hex.EncodeToString(h.Sum(nil))), c.none()
		})
		o.attrs["update"] = newFunc("update", func(c *call) (starlark.Value, error) {
			v, err := c.one()
			if err != nil {
				return nil, err
			}
			data, err := c.bytesArgument(v)
			h.Write([]byte(data))
			return starlark.None, err
		})
		return o, nil
	}
}

// encoder makes a function from bytes to bytes.
func encoder(encode func([]byte) string) native {
	return func(c *call) (starlark.Value, error) {
		v, err := c.one()
		if err != nil {
			return nil, err
		}
		data, err := c.bytesArgument(v)
		return starlark.Bytes(encode([]byte(data))), err
	}
}

// decoder makes a function from bytes or text to bytes.
func decoder(decode func(string) ([]byte, error)) native {
	return func(c *call) (starlark.Value, error) {
		v, err := c.one()
		if err != nil {
			return nil, err
		}
		text, ok := asString(v)
		if !ok {
			if text, err = c.bytesArgument(v); err != nil {
				return nil, err
			}
		}
		data, err := decode(text)
		if err != nil {
			return nil, errorf("binascii.Error", "%v", err)
		}
		return starlark.Bytes(data), nil
	}
}

// lenientBase64 decodes as Python does: characters that do not belong are left out.
func lenientBase64(alphabet string) func(string) ([]byte, error) {
	return func(s string) ([]byte, error) {
		s = strings.Map(func(r rune) rune {
			switch i := strings.IndexRune(alphabet, r); {
			case i == 0:
				return '+'
			case i == 1:
				return '/'
			case r == '=' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
				return r
			}
			return -1
		}, s)
		if data, err := base64.StdEncoding.DecodeString(s); err == nil {
			return data, nil
		}
		return nil, valueErrorf("Incorrect padding")
	}
}

func base64Module() *Object {
	standard, urlsafe := encoder(base64.StdEncoding.EncodeToString), encoder(base64.URLEncoding.EncodeToString)
	return newModule("base64", map[string]native{
		"b64encode": standard, "standard_b64encode": standard, "urlsafe_b64encode": urlsafe,
		"b64decode": decoder(lenientBase64("+/")), "standard_b64decode": decoder(lenientBase64("+/")), "urlsafe_b64decode": decoder(lenientBase64("-_")),
		"b32encode": encoder(base32.StdEncoding.EncodeToString), "b32decode": decoder(base32.StdEncoding.DecodeString),
		"b16encode": encoder(func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }), "b16decode": decoder(hex.DecodeString),
	}, nil)
}

func binasciiModule() *Object {
	return newModule("binascii", map[string]native{
		"hexlify": encoder(hex.EncodeToString), "unhexlify": decoder(hex.DecodeString),
		"b2a_hex": encoder(hex.EncodeToString), "a2b_hex": decoder(hex.DecodeString),
		"crc32": func(c *call) (starlark.Value, error) {
			v, err := c.one()
			if err != nil {
				return nil, err
			}
			data, err := c.bytesArgument(v)
			return starlark.MakeUint64(uint64(crc32.ChecksumIEEE([]byte(data)))), err
		},
	}, nil)
}
