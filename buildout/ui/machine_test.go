package ui

import (
	"encoding/json"
	"strings"
	"testing"

	"gobuild/buildout/diag"
)

// sample holds one diagnostic with all that can be in it, and a plain one.
func sample() diag.List {
	d := diag.At(span("/home/me/a b.cfg", "[日]\nurl = é${⟦zlibb⟧}\n"), "unknown-section", "unknown section %q:\n100%%", "zlibb").
		WithPath("mariadb", "url").WithRelated(span("http://joe:pw@host/lib.cfg", "⟦[zlib]⟧"), "defined here").WithHint("did you mean %q?", "zlib")
	d.Trail = []string{"Installing.", "Getting https://joe:pw@host/"}
	d.Excerpt = "last\nlines"
	return diag.List{d, d, {Severity: diag.Warning, Msg: "token=abc"}}
}

func TestDiagnosticsJSON(t *testing.T) {
	var b strings.Builder
	if err := DiagnosticsJSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	check(t, b.String(), `
{"severity":"warning","message":"token=***"}
{"severity":"error","code":"unknown-section","file":"/home/me/a b.cfg","line":2,"column":11,"end_line":2,"end_column":16,"path":["mariadb","url"],"message":"unknown section \"zlibb\":\n100%","hint":"did you mean \"zlib\"?","related":[{"file":"http://joe:***@host/lib.cfg","line":1,"column":1,"end_line":1,"end_column":7,"message":"defined here"}],"trail":["Installing.","Getting https://joe:***@host/"],"excerpt":"last\nlines"}
`)
}

func TestGitHub(t *testing.T) {
	var b strings.Builder
	list := append(sample(), diag.At(span("a.cfg", "x = ⟦1\n  2⟧"), "", "two lines"),
		&diag.Diagnostic{Severity: diag.Note, Code: "n", Msg: "note"})
	if err := GitHub(&b, list, Style{Dir: "/home/me"}); err != nil {
		t.Fatal(err)
	}
	check(t, b.String(), `
::warning::token=***
::notice title=n::note
::error file=a b.cfg,line=2,endLine=2,col=10,endColumn=14,title=unknown-section::mariadb:url: unknown section "zlibb":%0A100%25%0Ahint: did you mean "zlib"?
::error file=a.cfg,line=1,endLine=2::two lines
`)
}

// sarifGolden is the SARIF form of sample.
const sarifGolden = `
{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "runs": [
    {
      "columnKind": "unicodeCodePoints",
      "results": [
        {
          "level": "warning",
          "message": {
            "text": "token=***"
          }
        },
        {
          "level": "error",
          "locations": [
            {
              "logicalLocations": [
                {
                  "fullyQualifiedName": "mariadb:url"
                }
              ],
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "a%20b.cfg"
                },
                "region": {
                  "endColumn": 15,
                  "endLine": 2,
                  "startColumn": 10,
                  "startLine": 2
                }
              }
            }
          ],
          "message": {
            "text": "mariadb:url: unknown section \"zlibb\":\n100%\nhint: did you mean \"zlib\"?"
          },
          "relatedLocations": [
            {
              "id": 0,
              "message": {
                "text": "defined here"
              },
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "http://joe:***@host/lib.cfg"
                },
                "region": {
                  "endColumn": 7,
                  "endLine": 1,
                  "startColumn": 1,
                  "startLine": 1
                }
              }
            }
          ],
          "ruleId": "unknown-section"
        }
      ],
      "tool": {
        "driver": {
          "name": "gobuild",
          "rules": [
            {
              "id": "unknown-section"
            }
          ],
          "version": "1.2"
        }
      }
    }
  ],
  "version": "2.1.0"
}
`

func TestSARIF(t *testing.T) {
	var b strings.Builder
	if err := SARIF(&b, sample(), "1.2", Style{Dir: "/home/me"}); err != nil {
		t.Fatal(err)
	}
	check(t, b.String(), sarifGolden)
}

func TestSARIFEmpty(t *testing.T) {
	var b strings.Builder
	if err := SARIF(&b, nil, "1", Style{}); err != nil {
		t.Fatal(err)
	}
	var log struct{ Runs []struct{ Results []any } }
	if err := json.Unmarshal([]byte(b.String()), &log); err != nil || len(log.Runs) != 1 || log.Runs[0].Results == nil {
		t.Errorf("results must be an empty list: %v in %s", err, b.String())
	}
}

func TestFileURI(t *testing.T) {
	for name, want := range map[string]string{
		"a.cfg": "a.cfg", "/x/a b": "file:///x/a%20b", "c:x": "./c:x", "https://h/x": "https://h/x",
	} {
		if got := fileURI(name); got != want {
			t.Errorf("fileURI(%q) = %q, want %q", name, got, want)
		}
	}
}
