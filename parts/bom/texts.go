package bom

import "slices"

// Text is a licence text with the parts that have it.
type Text struct {
	SHA256 string   `json:"sha256"`
	IDs    []string `json:"ids,omitempty"`
	Users  []User   `json:"parts"`
	Text   string   `json:"text"`
}

// User is a part that has a text.
type User struct {
	Part    string `json:"part"`
	Version string `json:"version,omitempty"`
	Path    string `json:"path"`
}

// Texts returns all licence texts, each once, in the order of the parts. One
// that is lost says so.
func (b *Bill) Texts() []Text {
	texts := []Text{}
	for _, c := range b.Components {
		for _, f := range c.License.Files {
			n := slices.IndexFunc(texts, func(t Text) bool { return t.SHA256 == f.SHA256 })
			if n < 0 {
				text := b.text(f.LicenseFile)
				if text == "" {
					text = "(the text is lost; install the part anew to have it again)\n"
				}
				texts, n = append(texts, Text{SHA256: f.SHA256, IDs: f.IDs, Text: text}), len(texts)
			}
			texts[n].Users = append(texts[n].Users, User{c.Part, c.Version, f.Path})
		}
	}
	return texts
}
