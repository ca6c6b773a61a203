package condition

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Python describes the interpreter that conditions ask about. An empty field
// stands for the value of a CPython 3.11.7 on this machine.
type Python struct {
	Version   [3]int   // major, minor, micro
	Env       []string // NAME=value, as os.environ shows it
	Machine   string   // platform.machine()
	System    string   // platform.system()
	Sysname   string   // sys.platform
	OSName    string   // os.name
	Release   string   // platform.release()
	Build     string   // platform.version()
	Node      string   // platform.node()
	Bits      int      // 32 or 64
	OSRelease []string // files that hold the os-release text, first wins
}

func (p Python) withDefaults() Python {
	if p.Version == [3]int{} {
		p.Version = [3]int{3, 11, 7}
	}
	if p.Env == nil {
		p.Env = os.Environ()
	}
	if p.Bits == 0 {
		p.Bits = strconv.IntSize
	}
	if p.OSRelease == nil {
		p.OSRelease = []string{"/etc/os-release", "/usr/lib/os-release"}
	}
	host := hostNames()
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&p.OSName, "posix")
	fill(&p.System, host.system)
	fill(&p.Sysname, strings.ToLower(p.System))
	fill(&p.Machine, host.machine)
	fill(&p.Release, host.release)
	fill(&p.Build, host.build)
	fill(&p.Node, host.node)
	return p
}

// names is what uname(2) tells.
type names struct{ system, node, release, build, machine string }

// fallbackNames serves systems without uname.
func fallbackNames() names {
	node, _ := os.Hostname()
	machine := map[string]string{"amd64": "x86_64", "386": "i686", "arm64": "aarch64"}[runtime.GOARCH]
	if machine == "" {
		machine = runtime.GOARCH
	}
	system := strings.ToUpper(runtime.GOOS[:1]) + runtime.GOOS[1:]
	return names{system: system, node: node, machine: machine}
}

func (p Python) fullVersion() string {
	return fmt.Sprintf("%d.%d.%d", p.Version[0], p.Version[1], p.Version[2])
}

func (p Python) shortVersion() string {
	return fmt.Sprintf("%d.%d", p.Version[0], p.Version[1])
}

// markerVariables returns the environment of PEP 508.
func (p Python) markerVariables() map[string]string {
	return map[string]string{
		"implementation_name":            "cpython",
		"implementation_version":         p.fullVersion(),
		"os_name":                        p.OSName,
		"platform_machine":               p.Machine,
		"platform_release":               p.Release,
		"platform_system":                p.System,
		"platform_version":               p.Build,
		"python_full_version":            p.fullVersion(),
		"platform_python_implementation": "CPython",
		"python_version":                 p.shortVersion(),
		"sys_platform":                   p.Sysname,
		"extra":                          "",
	}
}

func byteOrder() string {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return "little"
	}
	return "big"
}
