package lint

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"gobuild/buildout/condition"
)

func conditionConstant() Rule {
	return Rule{
		Code: "condition-constant",
		Doc: `The condition of a section is the same everywhere.

It is evaluated for CPython 2.7 and 3.5 to 3.14 on Linux, FreeBSD, macOS and
Windows, on the usual processors. A condition that is false for all of them hides
its section for ever; one that is true for all says nothing. Conditions that ask
for files, the environment, releases or other Pythons are left out, and so are long
ones and those with loops.`,
		Check: checkConditions,
	}
}

// hostNames are what a condition says when its value depends on more than the
// Python version and the platform.
var hostNames = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\bos\.(path|environ|access|listdir|uname|getenv)|\bopen\b|release|\bversion\(|\bnode\(|pypy|jython|ironpython|freedesktop`)
})

// costly is what may take long to evaluate more than a hundred times.
var costly = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b(for|lambda|range)\b|\*|.{300}`) })

func checkConditions(ctx context.Context, s *Subject) {
	hosts := supportedHosts()
	for _, f := range s.files {
		for _, b := range f.blocks {
			if strings.TrimSpace(b.Condition) == "" || hostNames().MatchString(b.Condition) ||
				costly().MatchString(b.Condition) || ctx.Err() != nil {
				continue
			}
			if value, constant := constantCondition(b.Condition, hosts); constant {
				x := s.report(f.ConditionSpan(b), "this condition is %t on every Python and platform", value)
				x.WithPath(b.Name)
				x.WithHint("%s", word(value, "leave the condition out", "the section never counts: remove it, or correct the condition"))
			}
		}
	}
}

// constantCondition evaluates expr on all hosts. An expression that cannot be
// evaluated is an error of the profile and none of ours.
func constantCondition(expr string, hosts []*condition.Evaluator) (value, constant bool) {
	for i, h := range hosts {
		v, err := h.Eval(expr)
		if err != nil || i > 0 && v != value {
			return false, false
		}
		value = v
	}
	return value, true
}

// supportedHosts returns evaluators for the Pythons and platforms that a
// profile may be written for.
func supportedHosts() []*condition.Evaluator {
	var hosts []*condition.Evaluator
	platforms := []condition.Python{
		{System: "Linux", Machine: "x86_64", Bits: 64}, {System: "Linux", Machine: "i686", Bits: 32},
		{System: "Linux", Machine: "i386", Bits: 32}, {System: "Linux", Machine: "aarch64", Bits: 64},
		{System: "Linux", Machine: "armv7l", Bits: 32}, {System: "Linux", Machine: "riscv64", Bits: 64},
		{System: "Linux", Machine: "ppc64le", Bits: 64}, {System: "Linux", Machine: "s390x", Bits: 64},
		{System: "FreeBSD", Machine: "amd64", Bits: 64}, {System: "Darwin", Machine: "arm64", Bits: 64},
		{System: "Darwin", Machine: "x86_64", Bits: 64},
		{System: "Windows", Sysname: "win32", OSName: "nt", Machine: "AMD64", Bits: 64},
	}
	versions := [][3]int{{2, 7, 18}}
	for minor := 5; minor <= 14; minor++ {
		versions = append(versions, [3]int{3, minor, 3})
	}
	for _, p := range platforms {
		for _, v := range versions {
			p.Version, p.Env = v, []string{}
			hosts = append(hosts, condition.New(p))
		}
	}
	return hosts
}
