package pure

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// packageFiles returns the files of a Debian package below /usr/include and
// /usr/lib. The test is skipped where there is no such package.
func packageFiles(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("dpkg", "-L", pkg).Output()
	if err != nil {
		t.Skipf("package %s is not installed here", pkg)
	}
	return strings.Fields(string(out))
}

// headersOf returns the headers of packages, below the include directory.
func headersOf(t *testing.T, packages ...string) []string {
	var list []string
	for _, p := range packages {
		for _, file := range packageFiles(t, p) {
			rest, ok := strings.CutPrefix(file, "/usr/include/")
			if ok && path.Ext(rest) != "" && !isMachine(path.Base(rest)) {
				list = append(list, rest)
			}
		}
	}
	return list
}

// All headers of glibc, the kernel and the compiler are known, and no other one
// that is installed here.
func TestHeadersOfThisMachine(t *testing.T) {
	own := headersOf(t, "libc6-dev", "linux-libc-dev", "libstdc++-12-dev")
	for _, h := range own {
		if !IsHeader(h) {
			t.Errorf("%s is not known", h)
		}
	}
	if len(own) < 1000 {
		t.Errorf("only %d headers", len(own))
	}
	out, err := exec.Command("find", "/usr/include", "-type", "f").Output()
	must(t, err)
	others := 0
	for _, file := range strings.Fields(string(out)) {
		h := strings.TrimPrefix(file, "/usr/include/")
		if slices.Contains(own, h) || strings.Contains(h, "c++/") {
			continue
		}
		others++
		if IsHeader(h) {
			t.Errorf("%s counts as one of glibc, the kernel or the compiler", h)
		}
	}
	t.Logf("%d headers, %d others", len(own), others)
}

// What -lNAME finds is of glibc or the compiler; their files are all shown.
func TestLibrariesOfThisMachine(t *testing.T) {
	own := slices.Concat(packageFiles(t, "libc6-dev"), packageFiles(t, "libc6"))
	for _, file := range own {
		if isMachine(path.Base(path.Dir(file))) && path.Ext(file) != "" && !showsFile(path.Base(file)) {
			t.Errorf("%s is not shown", file)
		}
	}
	out, err := exec.Command("sh", "-c", "ls -d /usr/lib/*.a /usr/lib/*.so /usr/lib/*/*.a /usr/lib/*/*.so /usr/lib/*/*.la /usr/lib/*/*.o 2>/dev/null").Output()
	if err != nil && len(out) == 0 {
		t.Skip("no libraries here")
	}
	for _, file := range strings.Fields(string(out)) {
		if isMachine(path.Base(path.Dir(file))) && !slices.Contains(own, file) && showsFile(path.Base(file)) {
			by, _ := exec.Command("dpkg", "-S", "*/"+path.Base(file)).Output()
			if !strings.HasPrefix(string(by), "libc") || strings.HasPrefix(string(by), "libcrypt") {
				t.Errorf("%s can be linked with: %s", file, by)
			}
		}
	}
}
