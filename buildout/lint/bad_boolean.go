package lint

import (
	"context"
	"slices"
	"strings"

	"gobuild/buildout/cfg"
)

func badBoolean() Rule {
	return Rule{
		Code: "bad-boolean",
		Doc: `A boolean option has a value other than ` + "`true` or `false`" + `.

Recipes and the engine compare the text: ` + "`True`, `yes` and `1`" + ` are errors or mean
false, depending on who reads them.`,
		Check: checkBooleans,
	}
}

// exactBooleans are the options that must be true or false, by recipe;
// "buildout" stands for that section.
var exactBooleans = map[string][]string{
	"buildout": {"newest", "offline", "install-from-cache", "prefer-final", "use-dependency-links",
		"allow-picked-versions", "show-picked-versions", "allow-unknown-extras", "relocatable", "reproducible"},
	"cmmi":     {"shared", "offline", "strip-top-level-dir", "keep-compile-dir"},
	"download": {"shared", "offline"},
	"unpacked": {"shared", "offline", "strip-top-level-dir"},
}

func checkBooleans(_ context.Context, s *Subject) {
	s.each(func(x *section) {
		kind := ""
		switch {
		case x.name == "buildout":
			kind = x.name
		case x.known:
			kind = x.spec.Names[0]
		}
		for _, option := range exactBooleans[kind] {
			s.checkBoolean(x, option)
		}
	})
}

func (s *Subject) checkBoolean(x *section, option string) {
	text := s.text(x, option)
	if slices.Contains([]string{"", "true", "false"}, text) || strings.Contains(text, "${") {
		return
	}
	f := s.report(x.options[option].At(), "%q is not a boolean: write true or false", text)
	f.WithPath(x.name, option)
	switch strings.ToLower(cfg.Trim(text)) {
	case "true", "yes", "y", "on", "1":
		f.WithHint("write true")
	case "false", "no", "n", "off", "0":
		f.WithHint("write false")
	}
}
