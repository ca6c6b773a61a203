package ui

import "strings"

// IsSecret reports whether an option of this name holds a secret.
func IsSecret(option string) bool { return isSecretName(option) }

// MaskOption is Mask for the value of an option: when its name says that it is
// a secret, each line of the value is hidden but for references.
func MaskOption(option, value string) string {
	if !isSecretName(option) {
		return Mask(value)
	}
	lines := strings.Split(value, "\n")
	for i, line := range lines {
		hiding := withoutReferences(line, stretch{0, len(line)})
		for j := len(hiding) - 1; j >= 0; j-- {
			lines[i] = lines[i][:hiding[j].from] + hidden + lines[i][hiding[j].to:]
		}
	}
	return strings.Join(lines, "\n")
}
