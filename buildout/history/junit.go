package history

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// junitLog is how much of a log a failure shows.
const junitLog = 64 << 10

// The elements of JUnit XML, in the order in which its readers want them.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Start      string          `xml:"timestamp,attr"`
		Host       string          `xml:"hostname,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitCounts struct {
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Seconds  string `xml:"time,attr"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Seconds string        `xml:"time,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Skipped *junitProblem `xml:"skipped"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a run as JUnit XML: a test case for each part that the run
// had to do with, with the message and the end of the log of one that failed;
// one that is blocked, or did not come to its turn, is skipped. Parts that were
// in order already are a number among the properties.
func WriteJUnit(w io.Writer, run *Run) error {
	suite := junitSuite{Name: cmp.Or(strings.TrimSpace(legal(run.suite())), "gobuild"), Start: run.Start.UTC().Format("2006-01-02T15:04:05"), Host: legal(run.Host),
		Properties: run.properties()}
	suite.Seconds = seconds(run.Elapsed())
	for _, group := range run.byPart() {
		suite.add(run.testCase(suite.Name, group))
	}
	if run.Error != "" { // of no part
		suite.add(junitCase{Name: "gobuild", Class: suite.Name, Seconds: seconds(0), Error: problem("error", run.Error, "")})
	}
	all := junitSuites{Name: "gobuild", junitCounts: suite.junitCounts, Suites: []junitSuite{suite}}
	out := bufio.NewWriter(w)
	out.WriteString(xml.Header)
	e := xml.NewEncoder(out)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	out.WriteByte('\n')
	return out.Flush()
}

// suite is the name of the tests: that of the profile.
func (r *Run) suite() string {
	if r.Profile == "" {
		return "gobuild"
	}
	return filepath.Base(r.Profile)
}

func (r *Run) properties() []junitProperty {
	list := []junitProperty{{"command", r.Command}, {"gobuild", r.Gobuild}, {"run", r.ID}, {"unchanged", fmt.Sprint(r.Counts.Unchanged)}}
	for i := range list {
		list[i].Value = legal(list[i].Value)
	}
	return list
}

// byPart groups what the run did by parts, in the order of the first start.
func (r *Run) byPart() [][]*Part {
	var groups [][]*Part
	at := map[string]int{}
	for _, p := range r.Parts {
		i, known := at[p.Part]
		if !known {
			i = len(groups)
			at[p.Part] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

// testCase is what became of a part.
func (r *Run) testCase(class string, group []*Part) junitCase {
	c := junitCase{Name: legal(group[0].Part), Class: class}
	var elapsed time.Duration
	for _, p := range group {
		elapsed += p.Elapsed()
		switch p.Result {
		case Failed:
			c.Failure = problem("part-failed", p.Error, r.logEnd(p, junitLog))
		case Interrupted:
			c.Error = problem("interrupted", "interrupted", r.logEnd(p, junitLog))
		case Blocked:
			c.Skipped = problem("", "blocked by "+strings.Join(p.Blocker, ", "), "")
		case NotStarted:
			c.Skipped = problem("", "not started", "")
		}
	}
	c.Seconds = seconds(elapsed)
	if c.Failure != nil || c.Error != nil { // readers want one of them
		c.Skipped = nil
	}
	if c.Failure != nil {
		c.Error = nil
	}
	return c
}

// problem tells of a failure: the first line in short, then all, then the log.
func problem(kind, text, log string) *junitProblem {
	text = legal(text)
	first, rest, _ := strings.Cut(text, "\n")
	p := &junitProblem{Message: first, Type: kind}
	if rest != "" {
		p.Text = text
	}
	if log = legal(log); log != "" {
		p.Text = strings.TrimLeft(strings.TrimSuffix(p.Text, "\n")+"\n\nend of the log:\n", "\n") + log
	}
	return p
}

// add adds a case and counts it.
func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	s.Failures += boolInt(c.Failure != nil)
	s.Errors += boolInt(c.Error != nil)
	s.Skipped += boolInt(c.Skipped != nil)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// legal returns text without what XML cannot hold: colours of terminals are
// left out, other characters are spelt.
func legal(text string) string {
	text = plain(text)
	if utf8.ValidString(text) && !strings.ContainsFunc(text, illegal) {
		return text
	}
	var b strings.Builder
	for text != "" {
		c, size := utf8.DecodeRuneInString(text)
		switch {
		case c == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case illegal(c) && c < 0x100:
			fmt.Fprintf(&b, `\x%02x`, c)
		case illegal(c):
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
		text = text[size:]
	}
	return b.String()
}

// illegal reports whether a character is none of XML 1.0, or one that it
// discourages.
func illegal(c rune) bool {
	switch {
	case c == '\t', c == '\n':
		return false
	case c < 0x20, c >= 0x7f && c <= 0x9f, c == 0xfffe, c == 0xffff, c >= 0xfdd0 && c <= 0xfdef, c > 0xffff && c&0xfffe == 0xfffe:
		return true
	}
	return false
}
