package explain

import "strings"

// maxDiff limits the work of a difference: lines of one text times lines of
// the other. Beyond it the texts count as wholly different.
const maxDiff = 4 << 20

// Diff returns how the lines of before become those of after: each line with
// `-`, `+` or a blank in front. Long equal stretches are cut to context lines
// on both sides, with `…` in between.
func Diff(before, after string, context int) []string {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	lines := prefixed(" ", a[:head])
	lines = append(lines, changed(a[head:len(a)-tail], b[head:len(b)-tail])...)
	lines = append(lines, prefixed(" ", a[len(a)-tail:])...)
	return shortened(lines, context)
}

func prefixed(mark string, lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = mark + l
	}
	return out
}

// changed compares by the longest common subsequence.
func changed(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 || len(a)*len(b) > maxDiff {
		return append(prefixed("-", a), prefixed("+", b)...)
	}
	common := commonLengths(a, b)
	var out []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, " "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, "-"+a[i])
			i++
		default:
			out = append(out, "+"+b[j])
			j++
		}
	}
	return out
}

// commonLengths returns for all i, j the length of the longest common
// subsequence of a[i:] and b[j:].
func commonLengths(a, b []string) [][]int32 {
	table := make([][]int32, len(a)+1)
	for i := range table {
		table[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	return table
}

// shortened cuts equal stretches.
func shortened(lines []string, context int) []string {
	var out []string
	for i := 0; i < len(lines); {
		n := i
		for n < len(lines) && lines[n][0] == ' ' {
			n++
		}
		from, to := i+context, n-context
		if i == 0 {
			from = 0
		}
		if n == len(lines) && (i > 0 || n > context) {
			to = n
		}
		if to-from > 1 {
			out = append(append(append(out, lines[i:from]...), "…"), lines[to:n]...)
		} else {
			out = append(out, lines[i:n]...)
		}
		for ; n < len(lines) && lines[n][0] != ' '; n++ {
			out = append(out, lines[n])
		}
		i = n
	}
	return out
}
