package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gobuild/buildout"
	"gobuild/buildout/diag"
	"gobuild/parts/bom"
)

const licensesLong = `Lists the licences of the installed parts, or of those named with all that they
need: the SPDX expression that holds, or ? where that is not certain, and the
licence files of the sources with what was found in them. Parts that were made
from no source are left out. docs/sbom.md tells how it is known.

  gobuild licenses                            a table
  gobuild licenses --texts > THIRD-PARTY.txt  all texts, each once, with the parts
  gobuild licenses --deny 'AGPL-*,SSPL-1.0'   a check, for instance in CI
  gobuild licenses --allow 'MIT,BSD-*,Zlib'

An option license of a part, with an SPDX expression, says what its licence is.

Exit status: 0 done; 2 wrong use; 3 an error in the profile; 5 a licence is denied
or not allowed; 6 the state of the directory cannot be read.`

// licensesOptions are the flags of licenses.
type licensesOptions struct {
	texts bool
	allow []string
	deny  []string
}

func newLicenses(a *app) *cobra.Command {
	var o licensesOptions
	c := &cobra.Command{
		Use: "licenses [PART…]", Short: "list the licences of installed parts, and check them", Long: licensesLong,
		RunE:              func(cmd *cobra.Command, args []string) error { return runLicenses(cmd.Context(), a, o, args) },
		ValidArgsFunction: a.complete(partNames),
	}
	c.Flags().BoolVar(&o.texts, "texts", false, "print the texts, each once, instead of the table")
	c.Flags().StringSliceVar(&o.allow, "allow", nil, "only licences with these SPDX `IDS` may be; * stands for any text; may be repeated")
	c.Flags().StringSliceVar(&o.deny, "deny", nil, "no licence with one of these SPDX `IDS` may be found, not even in bundled libraries; may be repeated")
	return c
}

func runLicenses(ctx context.Context, a *app, o licensesOptions, args []string) error {
	policy := bom.Policy{Allow: o.allow, Deny: o.deny}
	if err := policy.Check(); err != nil {
		return usage("%v", err)
	}
	b, place, err := a.bill(ctx, buildout.BillOptions{Named: args})
	if err != nil {
		return err
	}
	if o.texts {
		err = a.writeResult(b.Texts(), func(p *printer) { p.licenseTexts(b.Texts()) })
	} else {
		err = a.writeResult(licenseRows(b), func(p *printer) { p.licenses(licenseRows(b)) })
	}
	if err != nil {
		return err
	}
	return withStatus(StatusAudit, refused(b, policy, place).Err())
}

// licenseRow is what licenses tells of a part.
type licenseRow struct {
	Part    string `json:"part"`
	Version string `json:"version,omitempty"`
	bom.License
}

func licenseRows(b *bom.Bill) []licenseRow {
	rows := []licenseRow{}
	for _, c := range b.Components {
		if c.HasSources() {
			rows = append(rows, licenseRow{c.Part, c.Version, c.License})
		}
	}
	return rows
}

// refused are the parts whose licences the policy does not allow.
func refused(b *bom.Bill, p bom.Policy, place func(string) diag.Span) diag.List {
	var list diag.List
	for _, c := range b.Components {
		if why := p.Refuses(c); why != "" {
			d := diag.At(place(c.Part), "license-refused", "%s", why).WithPath(c.Part)
			if c.License.Expression == "" && len(p.Allow) > 0 {
				d.WithHint("read the texts (`gobuild licenses %s --texts`), and say by an option %s of the part what holds", c.Part, bom.LicenseOption)
			} else {
				d.WithHint("`gobuild licenses %s` lists what was found", c.Part)
			}
			list.Add(d)
		}
	}
	return list
}

// licenses prints a table: what holds, then the files.
func (p *printer) licenses(rows []licenseRow) {
	part, version := len("PART"), len("VERSION")
	for _, r := range rows {
		part, version = max(part, len(r.Part)), max(version, len(r.Version))
	}
	p.line("%-*s  %-*s  LICENCE", part, "PART", version, "VERSION")
	for _, r := range rows {
		p.line("%-*s  %-*s  %s", part, r.Part, version, cmp.Or(r.Version, "?"), cmp.Or(r.Expression, "?  "+r.Basis))
		for _, f := range r.Files {
			p.line("%*s    %s: %s", part+version, "", f.Path, describeFound(f))
		}
	}
}

// describeFound says what a licence file is.
func describeFound(f bom.Found) string {
	what := strings.Join(f.IDs, ", ")
	switch {
	case what == "":
		what = "not known"
	case !f.Whole:
		what += " and more"
	}
	if f.Bundled {
		what += " (bundled)"
	}
	return what
}

// licenseTexts prints texts for people who get the parts.
func (p *printer) licenseTexts(texts []bom.Text) {
	for n, t := range texts {
		if n > 0 {
			p.line("")
		}
		p.line("%s", strings.Repeat("=", 78))
		for _, u := range t.Users {
			p.line("%s: %s", strings.TrimSpace(u.Part+" "+u.Version), u.Path)
		}
		p.line("%s", strings.Repeat("=", 78))
		p.line("")
		fmt.Fprintf(p.w, "%s\n", strings.TrimRight(t.Text, "\n"))
	}
}
