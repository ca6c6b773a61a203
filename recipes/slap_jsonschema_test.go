package recipes

import "testing"

func TestSlapJsonschema(t *testing.T) {
	s := newSlapStand(t)
	s.write("software.cfg.json", `{"serialisation": "json-in-xml", "software-type": {"default": {"request": "in/main.json"},
		"sl": {"software-type": "default", "shared": true, "request": "in/shared.json"}, "xml": {"serialisation": "xml", "request": "in/main.json"}}}`, 0o644)
	s.write("in/main.json", `{"type": "object", "properties": {"n": {"type": "integer", "default": 7}}}`, 0o644)
	s.write("in/shared.json", `{"properties": {"ok": {"const": "yes"}}}`, 0o644)
	s.write("store/part/parameters.json", `{"_": {}, "slaves": [{"reference": "good", "_": {"ok": "yes"}}, {"reference": "bad", "_": {"ok": "no"}}]}`, 0o600)
	o := s.run(slapJsonschemaRecipe{}, "jsonschema = software.cfg.json\nset-default = main")
	s.checkOptions(o, map[string]string{
		"configuration": "!py!{'n': 7}", "configuration.n": "!py!7",
		"valid-shared-instance-list":   "!py![{'parameters': {'ok': 'yes'}, 'reference': 'good'}]",
		"invalid-shared-instance-list": `!py![{'errors': "  \x24.ok: 'yes' was expected", 'parameters': {'ok': 'no'}, 'reference': 'bad'}]`,
	})
	if _, _, ok := o.Lookup("slave-instance-list"); ok {
		t.Error("slave-instance-list is there")
	}
	s.check("store/part/errors.json", `store/part/errors.json file 0600 "{\n  \"version\": 1,\n  \"errors\": {\n    \"bad\": \"  $.ok: 'yes' was expected\"\n  }\n}\n"`)
	o = s.run(slapJsonschemaRecipe{}, "jsonschema = file://@ROOT@/software.cfg\nvalidate-parameters = none")
	s.checkOptions(o, map[string]string{"configuration": "!py!{}",
		"slave-instance-list": "!py![{'ok': 'yes', 'slap_software_type': 'default', 'slave_reference': 'good', 'slave_title': 'good'}, {'ok': 'no', 'slap_software_type': 'default', 'slave_reference': 'bad', 'slave_title': 'bad'}]"})
	for _, c := range []prepareCase{
		{"scope", "jsonschema = software.cfg.json\nunstringify = yes", "unstringify", "'yes' is not a valid value for option 'unstringify'. Accepted values are ('none', 'main', 'shared', 'all')"},
		{"type", "jsonschema = software.cfg.json\nslap-software-type = other\nvalidate-parameters = main", "jsonschema", "requested software-type 'other' seems to have no JSON schema entry in the software.cfg.json."},
		{"shared", "jsonschema = software.cfg.json\nslap-software-type = xml\nvalidate-parameters = shared", "jsonschema", "requested shared software-type 'xml' seems to have no JSON schema entry in the software.cfg.json."},
		{"parameters", "jsonschema = software.cfg.json\nconfiguration.n = 1\nslap-software-type = xml", "jsonschema", "Invalid parameters:\n  $.n: '1' is not of type 'integer'"},
	} {
		o := s.options(c.lines)
		_, err := slapJsonschemaRecipe{}.Prepare(t.Context(), o)
		s.checkFails(err, o, c.key, c.msg)
	}
}
