package recipes

import _ "embed"

// eggInterpreter is what an interpreter script does once its path is set.
//
//go:embed egg_interpreter.py
var eggInterpreter string

// interpreterText is a script that is a Python with the eggs.
func (m *eggMaker) interpreterText(path eggPath) string {
	return eggHead(m.python) + path.setup + "\nimport sys\n\nsys.path[0:0] = " + path.list + "\n" + m.code() + "\n\n" + eggInterpreter
}
