package recipes

import "strings"

// cmmiLine is a command line that shell reads, and the place of its text.
type cmmiLine struct {
	text  string
	place place
}

// cmmiLines are the three command lines of a build.
type cmmiLines struct{ configure, make, install cmmiLine }

// cmmiPiece is the part of a command line that comes from one option.
type cmmiPiece struct{ key, text string }

// commandLines returns the command lines. The scripts are formatted later: a
// hook may change options.
func (a *cmmiAction) commandLines() (lines cmmiLines, err error) {
	o := a.options
	configure, build, install := o.cmmiPieces()
	if lines.configure.text, err = o.cmmiJoin(configure); err != nil {
		return lines, err
	}
	if lines.make.text, err = o.cmmiJoin(build); err != nil {
		return lines, err
	}
	if lines.install.text, err = o.cmmiJoin(install); err != nil {
		return lines, err
	}
	lines.configure.place = o.firstPlace("configure-command", "configure-options")
	lines.make.place = o.firstPlace("make-binary", "make-options")
	lines.install.place = o.firstPlace("make-targets", "make-binary", "make-options")
	return lines, nil
}

// cmmiJoin formats pieces and joins them.
func (s optionSnapshot) cmmiJoin(pieces []cmmiPiece) (string, error) {
	texts := make([]string, len(pieces))
	for i, piece := range pieces {
		text, err := s.format(piece.key, piece.text)
		if err != nil {
			return "", err
		}
		texts[i] = text
	}
	return strings.Join(texts, " "), nil
}

// cmmiPieces returns the command lines before they are formatted.
func (s optionSnapshot) cmmiPieces() (configure, build, install []cmmiPiece) {
	prefix := cmmiPiece{"prefix", `prefix="` + doubleQuoted(s.values["prefix"]) + `"`}
	command := cmmiPiece{"configure-command", s.text("configure-command", "")}
	options := cmmiPiece{"configure-options", s.words("configure-options", "")}
	binary := cmmiPiece{"make-binary", s.text("make-binary", "make")}
	targets := cmmiPiece{"make-targets", s.words("make-targets", "install")}

	build = []cmmiPiece{binary, {"make-options", s.words("make-options", "")}}
	install = append(build[:2:2], targets)
	switch {
	case command.text != "":
		if binary.text == "make" && targets.text == "install" {
			install = append(install, prefix)
		}
		return []cmmiPiece{command, options}, build, install
	case strings.Contains(options.text, "--prefix"):
		command.text = "./configure"
		return []cmmiPiece{command, options}, build, install
	}
	command.text = "./configure"
	return []cmmiPiece{command, {"prefix", "--" + prefix.text}, options}, build, install
}
