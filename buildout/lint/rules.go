package lint

import (
	"fmt"
	"strings"
)

// Rules returns all rules: the one table of them, sorted by code.
func Rules() []Rule {
	return []Rule{
		additionOnNothing(),
		badBoolean(),
		badChecksum(),
		conditionConstant(),
		dialectDifference(),
		duplicatePart(),
		insecureURL(),
		missingChecksum(),
		missingRecipe(),
		mixedIndentation(),
		removalOfNothing(),
		shadowedOption(),
		trailingComment(),
		undefinedMacro(),
		undefinedReference(),
		unknownOptionName(),
		unreachablePart(),
		unreferencedSection(),
		unusedBuildoutOption(),
		unusedExtends(),
	}
}

// Table returns the rules as the table of docs/lint.md.
func Table() string {
	var b strings.Builder
	b.WriteString("| Code | Default | Fix | What it finds |\n|---|---|---|---|\n")
	for _, r := range Rules() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Code, word(!r.Off, "on", "off"), word(r.Fix, "yes", ""), r.Summary())
	}
	return b.String()
}

// Pages returns the whole texts of the rules for docs/lint.md.
func Pages() string {
	var b strings.Builder
	for _, r := range Rules() {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n", r.Code, strings.TrimSpace(r.Doc))
	}
	return b.String()
}

// Summary returns the first sentence of the documentation.
func (r Rule) Summary() string {
	first, _, _ := strings.Cut(strings.TrimSpace(r.Doc), "\n\n")
	return strings.Join(strings.Fields(first), " ")
}

func word(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
