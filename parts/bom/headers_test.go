package bom

import (
	"slices"
	"testing"
)

func TestHeaderIDs(t *testing.T) {
	for text, want := range map[string][]string{
		"/* SPDX-License-Identifier: MIT */":                                  {"MIT"},
		"// SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note\nx": {"GPL-2.0-only WITH Linux-syscall-note"},
		"# under the terms of the GNU General Public License as published by\n# the Free Software Foundation; either version 3 of the License, or\n# (at your option) any later version.": {"GPL-3.0-or-later"},
		" * GNU Lesser General Public\n * License as published by the Free Software Foundation; either\n * version 2.1 of the License, or (at your option) any later version.":            {"LGPL-2.1-or-later"},
		"the GNU Library General Public License, version 2, or any later version":                                                                                                         {"LGPL-2.0-or-later"},
		"GNU Affero General Public License version 3 as published by the Free Software Foundation.":                                                                                       {"AGPL-3.0-only"},
		"terms of the GNU General Public License version 2 as published by the\n * Free Software Foundation.":                                                                             {"GPL-2.0-only"},
		"GNU General Public License version 2 only":                      {"GPL-2.0-only"},
		"exception to the GNU General Public License, version 3 (GPLv3)": nil,
		"the GNU General Public License":                                 nil,
		"":                                                               nil,
	} {
		if got := headerIDs([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestSettle(t *testing.T) {
	for _, c := range []struct {
		id      string
		headers []string
		want    string
	}{
		{"GPL-3.0", []string{"GPL-3.0-or-later", "MIT"}, "GPL-3.0-or-later"},
		{"GPL-3.0", []string{"GPL-3.0+"}, "GPL-3.0-or-later"},
		{"GPL-2.0", []string{"GPL-2.0-only"}, "GPL-2.0-only"},
		{"GPL-2.0", []string{"GPL-2.0-only", "GPL-2.0-or-later"}, "GPL-2.0"},
		{"GPL-2.0", []string{"GPL-3.0-or-later", "LGPL-2.0-or-later"}, "GPL-2.0"},
		{"GPL-3.0 WITH GCC-exception-3.1", []string{"GPL-3.0-or-later"}, "GPL-3.0-or-later WITH GCC-exception-3.1"},
		{"GPL-3.0", nil, "GPL-3.0"},
	} {
		if got := settle(c.id, c.headers); got != c.want {
			t.Errorf("%s with %q: got %s, want %s", c.id, c.headers, got, c.want)
		}
	}
}
