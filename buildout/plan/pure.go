package plan

// The options of the clean build environment. They stand in [buildout] for all
// parts, and in parts that compile.
const (
	PureOption      = "pure"
	HostToolsOption = "host-tools"
)

// PureOptions are the options of the clean build environment.
var PureOptions = []string{PureOption, HostToolsOption}
