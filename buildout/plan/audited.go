package plan

import (
	"slices"

	"gobuild/parts"
)

// The options of parts that compile that say what their audit demands. They
// stand in [buildout] too, for all parts.
const (
	AuditOption      = "audit"
	AuditAllowOption = "audit-allow"
	RuntimeOption    = "runtime"
	MaxGlibcOption   = "max-glibc"
)

// licenseOption says what the licence of a part is, for bills of materials
// (bom.LicenseOption).
const licenseOption = "license"

// AuditOptions are the options of the audit.
var AuditOptions = []string{AuditOption, AuditAllowOption, RuntimeOption, MaxGlibcOption}

// isAside reports whether an option says nothing about the result of a part: a
// change of it alone builds nothing anew, and names no other shared directory.
func isAside(spec parts.Spec, option string) bool {
	return spec.Builds && (slices.Contains(AuditOptions, option) || slices.Contains(PureOptions, option) || option == licenseOption)
}
