package recipes

import (
	"context"

	"gobuild/parts"
)

func jsondumpSpec() parts.Spec {
	return parts.Spec{
		Names: []string{"jsondump", "slapos.cookbook:jsondump"},
		Doc:   "Writes all other options as a JSON object, sorted by name, into a file that only its owner can read.",
		Open:  true,
		Options: []parts.OptionSpec{
			{Name: "json-output", Required: true, Doc: "The file. Its directory must exist."},
		},
		Recipe: jsondumpRecipe{},
	}
}

type jsondumpRecipe struct{}

// Prepare reads the options. SPEC-recipes 13.2.
func (jsondumpRecipe) Prepare(_ context.Context, o parts.Options) (parts.Action, error) {
	path, err := requirePath(o, "json-output")
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, key := range cookbookData(o, "json-output") {
		values[key] = optionText(o, key)
	}
	return cookbookAction{{at: optionPlace(o, "json-output"), path: path, text: jsonObject(values), mode: cookbookFile, asGiven: true}}, nil
}
