package explain

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// DOT writes the graph for graphviz. Edges that longer ways imply are drawn
// thin and do not count for its layout.
func (g *Graph) DOT(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "digraph %s {\n", dotText(g.Profile))
	b.WriteString("  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n")
	b.WriteString("  edge [color=gray40, arrowsize=0.6];\n")
	for _, n := range g.Nodes {
		fmt.Fprintf(b, "  %s [%s];\n", dotText(n.Name), n.dot())
	}
	for _, e := range g.Edges {
		fmt.Fprintf(b, "  %s -> %s [%s];\n", dotText(e.From), dotText(e.To), e.dot())
	}
	b.WriteString("}\n")
	return b.Flush()
}

func (n *Node) dot() string {
	attributes := []string{"tooltip=" + dotText(strings.TrimSpace(n.Recipe+" "+n.Place.String()))}
	switch {
	case !n.Part:
		attributes = append(attributes, `style="rounded,dashed"`)
	case n.Listed:
		attributes = append(attributes, `style="rounded,bold"`)
	}
	if n.Unknown {
		attributes = append(attributes, "color=orange")
	}
	return strings.Join(attributes, ", ")
}

func (e *Edge) dot() string {
	attributes := []string{"tooltip=" + dotText(e.text())}
	switch {
	case e.Back:
		attributes = append(attributes, "color=red", "constraint=false")
	case e.Implied:
		attributes = append(attributes, "color=gray85", "constraint=false")
	case len(e.Via) > 0:
		attributes = append(attributes, "style=dashed")
	}
	return strings.Join(attributes, ", ")
}

// text lists the references of an edge, one a line.
func (e *Edge) text() string {
	var lines []string
	for _, l := range e.Links {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("[%s] %s %s %s", l.From, l.Option, l.Reference, l.Place)))
	}
	return strings.Join(lines, "\n")
}

// String returns file:line:column, "" for nowhere.
func (p *Place) String() string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// dotText quotes text for DOT. Backslashes are doubled, as escapes such as \N
// have a meaning in labels.
func dotText(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", "").Replace(text) + `"`
}
