package cli

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/buildout/ui"
)

// conceal takes out of a text what must not be shown: secrets that show by their
// form, and those of the profile that is open.
func (a *app) conceal(text string) string {
	if a.engine != nil {
		text = a.engine.Conceal(text)
	}
	return ui.Mask(text)
}

// concealed returns diagnostics without the secrets of the profile that is open.
func (a *app) concealed(list diag.List) diag.List {
	if a.engine == nil || a.engine.Conceals() == 0 {
		return list
	}
	list = slices.Clone(list)
	for i, d := range list {
		c := *d
		for _, text := range []*string{&c.Msg, &c.Hint, &c.Excerpt} {
			*text = a.engine.Conceal(*text)
		}
		c.Path, c.Trail = a.each(c.Path), a.each(c.Trail)
		list[i] = &c
	}
	return list
}

// each conceals all texts of a list.
func (a *app) each(list []string) []string {
	list = slices.Clone(list)
	for i, text := range list {
		list[i] = a.engine.Conceal(text)
	}
	return list
}

// discreetly passes on what write writes, without the secrets of the profile that
// is open.
func (a *app) discreetly(to io.Writer, write func(io.Writer) error) error {
	if a.engine == nil || a.engine.Conceals() == 0 {
		return write(to)
	}
	var text bytes.Buffer
	err := write(&text)
	if _, problem := io.WriteString(to, a.engine.Conceal(text.String())); err == nil {
		err = problem
	}
	return err
}

// hideTold is discreetly for data that other programs read: it hides what recipes
// have called secret, and no text that stands in the profile as it is.
func (a *app) hideTold(to io.Writer, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	var pairs []string
	for _, secret := range a.engine.Secrets() {
		pairs = append(pairs, secret, "***")
	}
	_, err := strings.NewReplacer(pairs...).WriteString(to, text.String())
	return err
}
