package bom

import (
	"strings"
	"testing"
)

const (
	zlibText = `Copyright (C) 1995-2022 Jean-loup Gailly and Mark Adler

  This software is provided 'as-is', without any express or implied
  warranty.  In no event will the authors be held liable for any damages
  arising from the use of this software.

  Permission is granted to anyone to use this software for any purpose,
  including commercial applications, and to alter it and redistribute it
  freely, subject to the following restrictions:

  1. The origin of this software must not be misrepresented; you must not
     claim that you wrote the original software. If you use this software
     in a product, an acknowledgment in the product documentation would be
     appreciated but is not required.
  2. Altered source versions must be plainly marked as such, and must not be
     misrepresented as being the original software.
  3. This notice may not be removed or altered from any source distribution.
`
	iscText = `Copyright (c) 2020, A. Author

Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`
)

func TestIdentify(t *testing.T) {
	c, err := newCorpus()
	if err != nil {
		t.Fatal(err)
	}
	more := strings.Repeat("You shall not use this on Tuesdays, nor may your friends. ", 10)
	for _, test := range []struct {
		name, text string
		want       string
		whole      bool
		choice     bool
	}{
		{"one", zlibText, "Zlib", true, false},
		{"with a sentence", "All files are under these terms:\n" + zlibText, "Zlib", true, false},
		{"two", zlibText + "\nParts of it:\n\n" + iscText, "ISC Zlib", true, false},
		{"a choice", "Alternatively, at your option:\n" + zlibText + "\nor\n\n" + iscText, "ISC Zlib", true, true},
		{"with more", zlibText + more, "Zlib", false, false},
		{"unknown", more, "", false, false},
		{"empty", "", "", false, false},
		{"blank", " \n\t\n", "", false, false},
		{"no text", "\x00\xff\xfe\x00", "", false, false},
	} {
		id := c.identify([]byte(test.text))
		if got := strings.Join(id.IDs, " "); got != test.want || id.Whole != test.whole || id.Choice != test.choice {
			t.Errorf("%s: got %q, whole %v, choice %v", test.name, got, id.Whole, id.Choice)
		}
	}
}

// TestCorpus checks that each text of the corpus is found to be what it stands
// for, or at least a close relative.
func TestCorpus(t *testing.T) {
	c, err := newCorpus()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.known) < 400 {
		t.Fatalf("%d texts", len(c.known))
	}
	for _, name := range []string{"MIT", "Apache-2.0", "GPL-3.0", "LGPL-2.1", "GFDL-1.3", "pkgconf", "X11-distribute-modifications-variant", "tcl_tk"} {
		for _, e := range c.known {
			if e.name != name || e.kind != "License" {
				continue
			}
			if id := c.identify(e.text); !strings.Contains(strings.Join(id.IDs, " "), spdxID(name)) {
				t.Errorf("%s/%s is taken for %q", name, e.variant, id.IDs)
			}
		}
	}
}

func found(path string, whole bool, ids ...string) Found {
	return Found{LicenseFile{Path: path, SHA256: sumOf([]byte(path)), Bundled: strings.Contains(path, "/")}, Identity{IDs: ids, Whole: whole}}
}

func TestConclude(t *testing.T) {
	choice := found("LICENSE", true, "Apache-2.0", "MIT")
	choice.Choice = true
	for _, c := range []struct {
		name    string
		said    string
		files   []Found
		headers map[string]int
		want    string
		basis   string
	}{
		{"none", "", nil, nil, "", "no licence file was found"},
		{"one", "", []Found{found("LICENSE", true, "MIT")}, nil, "MIT", "licence files"},
		{"the same twice", "", []Found{found("COPYING", true, "MIT"), found("Copyright", true, "MIT")}, nil, "MIT", "licence files"},
		{"bundled ones do not count", "", []Found{found("LICENSE", true, "MIT"), found("deps/x/COPYING", true, "GPL-3.0")}, nil, "MIT", "licence files"},
		{"both in one file", "", []Found{found("LICENSE", true, "ISC", "MIT")}, nil, "ISC AND MIT", "licence files"},
		{"a choice", "", []Found{choice}, nil, "", "LICENSE speaks of a choice between Apache-2.0, MIT"},
		{"two files", "", []Found{found("LICENSE-A", true, "Apache-2.0"), found("LICENSE-M", true, "MIT")}, nil, "", "how these go together is not known: Apache-2.0 (LICENSE-A); MIT (LICENSE-M)"},
		{"unknown", "", []Found{found("LICENSE", false)}, nil, "", "LICENSE is no licence that is known"},
		{"more", "", []Found{found("LICENSE", false, "MIT")}, nil, "", "LICENSE says more than MIT"},
		{"notice", "", []Found{found("LICENSE", true, "Apache-2.0"), found("NOTICE.txt", false)}, nil, "Apache-2.0", "licence files"},
		{"open", "", []Found{found("COPYING", true, "GPL-3.0")}, nil, "", "COPYING does not say whether a later version than GPL-3.0 may be chosen, and the sources do not say it"},
		{"settled", "", []Found{found("COPYING", true, "GPL-3.0")}, map[string]int{"GPL-3.0-or-later": 9}, "GPL-3.0-or-later", "licence files and notices in the sources"},
		{"contradiction", "", []Found{found("COPYING", true, "GPL-3.0")}, map[string]int{"GPL-3.0-or-later": 9, "GPL-3.0-only": 1}, "", "COPYING does not say whether a later version than GPL-3.0 may be chosen, and the sources do not say it"},
		{"LGPL 3", "", []Found{found("COPYING", true, "GPL-3.0"), found("COPYING.LESSER", true, "LGPL-3.0")}, map[string]int{"LGPL-3.0-or-later": 9}, "LGPL-3.0-or-later", "licence files and notices in the sources"},
		{"the profile", " MIT  OR (ISC AND Zlib) ", []Found{found("LICENSE", false)}, nil, "MIT OR (ISC AND Zlib)", "option license of the profile"},
		{"a bad profile", "see COPYING", []Found{found("LICENSE", true, "MIT")}, nil, "MIT", `option license of the profile is no SPDX expression: "see COPYING"; licence files`},
	} {
		l := conclude(c.said, c.files, c.headers)
		if l.Expression != c.want || l.Basis != c.basis {
			t.Errorf("%s: got %q, %q", c.name, l.Expression, l.Basis)
		}
		if c.said == "" && l.Declared != l.Expression {
			t.Errorf("%s: declared %q", c.name, l.Declared)
		}
	}
}

func TestPolicy(t *testing.T) {
	for _, c := range []struct {
		name        string
		expression  string
		files       []Found
		allow, deny string
		want        string
	}{
		{"no policy", "", nil, "", "", ""},
		{"allowed", "MIT", nil, "MIT", "", ""},
		{"any case", "mit", nil, "MIT", "", ""},
		{"pattern", "BSD-3-Clause", nil, "BSD-*", "", ""},
		{"not allowed", "GPL-3.0-only", nil, "MIT", "", "GPL-3.0-only is not allowed"},
		{"all of it", "MIT AND ISC", nil, "MIT", "", "ISC is not allowed"},
		{"one of it", "(MIT OR GPL-2.0-only) AND ISC", nil, "MIT ISC", "", ""},
		{"exception", "GPL-3.0-only WITH X", nil, "GPL-3.0-only", "", ""},
		{"not certain", "", nil, "MIT", "", "it is not certain which licence it has: because"},
		{"denied", "MIT AND GPL-3.0-only", nil, "", "GPL-*", "GPL-3.0-only is denied: because"},
		{"denied in a file", "MIT", []Found{found("deps/x/COPYING", true, "AGPL-3.0")}, "", "AGPL-*", "AGPL-3.0 is denied: the sources have it in deps/x/COPYING"},
		{"AND is no licence", "MIT AND ISC", nil, "", "A*", ""},
		{"not denied", "MIT", nil, "", "GPL-*", ""},
	} {
		p := Policy{strings.Fields(c.allow), strings.Fields(c.deny)}
		got := p.Refuses(&Component{Sources: []Source{{}}, License: License{Expression: c.expression, Basis: "because", Files: c.files}})
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if (Policy{Allow: []string{"a b"}}).Check() == nil || (Policy{Deny: []string{"GPL-*"}}).Check() != nil {
		t.Error("Check")
	}
	if got := (Policy{Allow: []string{"MIT"}}).Refuses(&Component{}); got != "" {
		t.Errorf("made from nothing: %q", got)
	}
}
