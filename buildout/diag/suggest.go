package diag

import "fmt"

// maxDistance is the largest edit distance at which a name is suggested.
const maxDistance = 2

// DidYouMean returns `did you mean "x"?` for the closest of names within edit
// distance 2 of word, or "".
func DidYouMean(word string, names []string) string {
	if best := Closest(word, names); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// MissingOption returns what to do when a section with the options keys lacks
// one.
func MissingOption(section, option string, keys []string) string {
	if near := Closest(option, keys); near != "" {
		return fmt.Sprintf("section [%s] has an option %q: should its name be %q?", section, near, option)
	}
	return fmt.Sprintf("add `%s = …` to section [%s]", option, section)
}

// Closest returns the closest of names within edit distance 2 of word, or "".
func Closest(word string, names []string) string {
	best, at := "", maxDistance+1
	for _, n := range names {
		if d := distance(word, n); n != word && (d < at || d == at && n < best) {
			best, at = n, d
		}
	}
	if at >= len(word) {
		return ""
	}
	return best
}

// distance is the Levenshtein distance of a and b in bytes, cut off above
// maxDistance.
func distance(a, b string) int {
	if len(a)-len(b) > maxDistance || len(b)-len(a) > maxDistance {
		return maxDistance + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
