package recipes

import (
	"fmt"
	"strings"

	"github.com/GehirnInc/crypt"
	"github.com/GehirnInc/crypt/apr1_crypt"
	"github.com/GehirnInc/crypt/md5_crypt"
	"github.com/GehirnInc/crypt/sha256_crypt"
	"github.com/GehirnInc/crypt/sha512_crypt"
	"golang.org/x/crypto/bcrypt"
)

// passwordScheme makes salted hashes in the form of crypt(3).
type passwordScheme struct {
	crypter func() crypt.Crypter
	magic   string
	salt    int // characters
}

// passwordSchemes are the schemes beside bcrypt, with the costs that passlib has
// by default.
var passwordSchemes = map[string]passwordScheme{
	"apr-md5-crypt": {apr1_crypt.New, "$apr1$", 8},
	"md5-crypt":     {md5_crypt.New, "$1$", 8},
	"sha256-crypt":  {sha256_crypt.New, "$5$rounds=535000$", 16},
	"sha512-crypt":  {sha512_crypt.New, "$6$rounds=656000$", 16},
}

// bcryptCost is that of passlib.
const bcryptCost = 12

// hashPassword hashes a password with a salt of its own. The name of the scheme
// may have underscores for dashes.
func hashPassword(scheme, password string) (string, error) {
	scheme = strings.ReplaceAll(scheme, "_", "-")
	if scheme == "bcrypt" {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
		// $2b$ says that the known defects of $2a$ are not there, which is so.
		return strings.Replace(string(hash), "$2a$", "$2b$", 1), err
	}
	s, ok := passwordSchemes[scheme]
	if !ok {
		return "", fmt.Errorf("passwords cannot be hashed with %q: there are apr-md5-crypt, bcrypt, md5-crypt, sha256-crypt and sha512-crypt", scheme)
	}
	return s.crypter().Generate([]byte(password), []byte(s.magic+generatePassword(s.salt)))
}
