package bom

import "strings"

// spdxIDs maps names of the corpus to SPDX identifiers. A name that is missing
// is an identifier itself; "" says that SPDX has none.
var spdxIDs = map[string]string{
	"BSD-0-Clause":                       "0BSD",
	"BSD-3-Clause-OpenMPI":               "BSD-3-Clause-Open-MPI",
	"Boost-original":                     "BSL-1.0",
	"Business-Source-License-1.1":        "BUSL-1.1",
	"CERN-OHL-v1.2":                      "CERN-OHL-1.2",
	"Apache-with-LLVM-Exception":         "Apache-2.0 WITH LLVM-exception",
	"Apache-with-Runtime-Exception":      "Apache-2.0 WITH Swift-exception",
	"GNU-All-permissive-Copying-License": "FSFAP",
	"GPL-3.0-with-bison-exception":       "GPL-3.0 WITH Bison-exception-2.2",
	"GPL-2.0-with-GCC-exception":         "GPL-2.0 WITH GCC-exception-2.0",
	"GPL-2.0-with-autoconf-exception":    "GPL-2.0 WITH Autoconf-exception-2.0",
	"GPL-2.0-with-bison-exception":       "GPL-2.0 WITH Bison-exception-2.2",
	"GPL-2.0-with-classpath-exception":   "GPL-2.0 WITH Classpath-exception-2.0",
	"GPL-2.0-with-font-exception":        "GPL-2.0 WITH Font-exception-2.0",
	"GPL-3.0-with-GCC-exception":         "GPL-3.0 WITH GCC-exception-3.1",
	"GPL-3.0-with-autoconf-exception":    "GPL-3.0 WITH Autoconf-exception-3.0",
	"JasPer":                             "JasPer-2.0",
	"OpenLDAP":                           "OLDAP-2.8",
	"PNG":                                "libpng-2.0",
	"Python-2.0-complete":                "Python-2.0",
	"SQLite":                             "blessing",
	"UFL-1.0":                            "Ubuntu-font-1.0",
	"bzip2":                              "bzip2-1.0.6",
	"cURL":                               "curl",
	"tcl_tk":                             "TCL",
	"wxWindows-3.1":                      "wxWindows",

	"ANTLR": "", "AdColony-SDK": "", "Android-SDK": "", "Apache-2.0-Modified": "", "Atmel": "", "Autodesk-3D-Studio-File-Toolkit": "",
	"BCL": "", "BLAS": "", "BSD-2-Clause-Flex": "", "BSD-FatFs": "", "BSD-No-Other-Rights": "", "BSD-Rice": "", "BabelstoneIDS": "",
	"BeOpen": "", "Bitstream": "", "CERN-OHL-WR-v2": "", "CLIPS": "", "Cloud-Pre-GA": "", "Commons-Clause": "", "DBAD": "", "Entenssa": "",
	"FFT2D": "", "Facebook-2-Clause": "", "Facebook-3-Clause": "", "Facebook-Examples": "", "GD-Graphic-Library": "", "GIAJWTOU-2.0": "",
	"GIF-Encoder": "", "GUST-Font-License": "", "GenericIntel": "", "HTK": "", "IDA": "", "InnerNet": "", "JTidy": "", "KUKA": "",
	"Khronos": "", "Khronos_OpenCL": "", "LZMA": "", "Lattice-Semiconductor": "", "Lil-1.0": "", "MTK": "", "NCBI": "", "NREL": "",
	"OROMatcher": "", "Open-Game-License-1.0a": "", "Oracle-Open-Symphony": "", "PIL": "", "PPP": "", "RCSB-PDB": "", "RSA": "",
	"Rijndael-3.0": "", "SPL-SQRT-FLOOR": "", "Sflow": "", "TPM-2": "", "Tensilica": "", "USGovernment": "", "VMAC": "", "Waymo1P": "",
	"Windows-SDK-10": "", "WordNet-3.0": "", "X11-Lucent": "", "XZ": "", "Xcode": "", "Zendesk": "", "aopalliance": "", "dso": "",
	"geant4": "", "getopt": "", "pffft": "", "re2c": "", "unicode_org": "",
}

// within are names whose texts are a part of what another name stands for: the
// licence of Python holds those of its earlier owners.
var within = map[string][]string{
	"Python-2.0":          {"BeOpen", "CNRI-Python-GPL-Compatible", "LicenseRef-MIT-Lucent"},
	"Python-2.0-complete": {"BeOpen", "CNRI-Python-GPL-Compatible", "LicenseRef-MIT-Lucent", "Python-2.0"},
}

// spdxID returns the SPDX identifier of a name of the corpus, or "".
func spdxID(name string) string {
	if id, ok := spdxIDs[name]; ok {
		return id
	}
	if strings.HasPrefix(name, licenseRef) {
		return ""
	}
	return name
}

// licenseRef begins names of licences that SPDX does not have.
const licenseRef = "LicenseRef-"

// families are the licences whose text does not say whether a later version may
// be chosen: that is said where they are applied.
var families = []string{"GPL-", "LGPL-", "AGPL-", "GFDL-"}

// isOpen reports whether an identifier leaves that open.
func isOpen(id string) bool {
	id, _, _ = strings.Cut(id, " ")
	if strings.HasSuffix(id, "-only") || strings.HasSuffix(id, "-or-later") {
		return false
	}
	for _, f := range families {
		if strings.HasPrefix(id, f) {
			return true
		}
	}
	return false
}
