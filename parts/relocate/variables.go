package relocate

import (
	"path"
	"slices"
)

// A variable replaces a directory that is compiled in.
type variable struct {
	name string
	dirs []string // below the root of the file, joined with colons
}

// compiled are the programs and libraries whose compiled-in directories can be
// replaced by variables.
var compiled = []struct {
	files     []string
	variables []variable
}{
	{[]string{"libncurses*.so*", "libtinfo*.so*", "tic", "tput", "infocmp", "tset", "toe", "clear", "tabs"}, []variable{
		{"TERMINFO_DIRS", []string{"share/terminfo", "lib/terminfo"}},
	}},
	{[]string{"libcrypto.so*", "openssl"}, []variable{
		{"OPENSSL_CONF", []string{"etc/ssl/openssl.cnf"}},
		{"OPENSSL_ENGINES", []string{"lib/engines-3"}},
		{"OPENSSL_MODULES", []string{"lib/ossl-modules"}},
		{"SSL_CERT_DIR", []string{"etc/ssl/certs"}},
		{"SSL_CERT_FILE", []string{"etc/ssl/cert.pem"}},
	}},
	{[]string{"libpython3*.so*", "python3*"}, []variable{{"PYTHONHOME", []string{"."}}}},
	{[]string{"libtcl*.so*", "tclsh*"}, []variable{{"TCL_LIBRARY", []string{"lib/tcl8.6"}}}},
	{[]string{"libtk*.so*", "wish*"}, []variable{{"TK_LIBRARY", []string{"lib/tk8.6"}}}},
	{[]string{"libperl.so*", "perl5*", "perl"}, []variable{{"PERL5LIB", []string{"lib/perl5"}}}},
	{[]string{"libmagic.so*", "file"}, []variable{{"MAGIC", []string{"share/misc/magic.mgc"}}}},
	{[]string{"git"}, []variable{
		{"GIT_EXEC_PATH", []string{"libexec/git-core"}},
		{"GIT_TEMPLATE_DIR", []string{"share/git-core/templates"}},
	}},
	{[]string{"libfontconfig.so*"}, []variable{{"FONTCONFIG_PATH", []string{"etc/fonts"}}}},
	{[]string{"libxkbcommon.so*"}, []variable{{"XKB_CONFIG_ROOT", []string{"share/X11/xkb"}}}},
	{[]string{"libxml2.so*", "xmllint", "xmlcatalog"}, []variable{{"XML_CATALOG_FILES", []string{"etc/xml/catalog"}}}},
	{[]string{"libcurl.so*", "curl"}, []variable{{"CURL_CA_BUNDLE", []string{"etc/ssl/cert.pem"}}}},
	{[]string{"libkpathsea.so*"}, []variable{{"TEXMFCNF", []string{"share/texmf-dist/web2c"}}}},
	{[]string{"libguile*.so*", "guile"}, []variable{{"GUILE_LOAD_PATH", []string{"share/guile"}}}},
	{[]string{"gawk"}, []variable{{"AWKPATH", []string{"share/awk"}}, {"AWKLIBPATH", []string{"lib/gawk"}}}},
	{[]string{"groff", "troff", "grotty"}, []variable{{"GROFF_FONT_PATH", []string{"share/groff/font"}}, {"GROFF_TMAC_PATH", []string{"share/groff/tmac"}}}},
	{[]string{"bison"}, []variable{{"BISON_PKGDATADIR", []string{"share/bison"}}}},
	{[]string{"libruby.so*", "ruby"}, []variable{{"RUBYLIB", []string{"lib/ruby"}}}},
	{[]string{"vim"}, []variable{{"VIM", []string{"share/vim"}}}},
	{[]string{"libgconv.so*", "iconv"}, []variable{{"GCONV_PATH", []string{"lib/gconv"}}}},
	{[]string{"pkgconf", "pkg-config"}, []variable{{"PKG_CONFIG_PATH", []string{"lib/pkgconfig", "share/pkgconfig"}}}},
}

// variablesOf returns the variables that replace what is compiled into a file.
func variablesOf(f *Fact) []variable {
	if f.Kind != KindELF {
		return nil
	}
	base := path.Base(f.Path)
	for _, c := range compiled {
		if slices.ContainsFunc(c.files, func(pattern string) bool { ok, _ := path.Match(pattern, base); return ok }) {
			return c.variables
		}
	}
	return nil
}
