package lsp

// The part of the protocol's vocabulary that the server uses. `range` is a
// word of Go: a Range is an extent here.

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type extent struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

type location struct {
	URI   string `json:"uri"`
	Range extent `json:"range"`
}

type textEdit struct {
	Range   extent `json:"range"`
	NewText string `json:"newText"`
}

type documentID struct {
	URI string `json:"uri"`
}

type versionedID struct {
	URI     string `json:"uri"`
	Version *int   `json:"version"`
}

// documentParams are the parameters of what is about a whole document.
type documentParams struct {
	Document documentID `json:"textDocument"`
}

// placeParams are the parameters of what is about a place in a document.
type placeParams struct {
	Document documentID `json:"textDocument"`
	Position position   `json:"position"`
}

type referenceParams struct {
	placeParams
	Context struct {
		IncludeDeclaration bool `json:"includeDeclaration"`
	} `json:"context"`
}

type renameParams struct {
	placeParams
	NewName string `json:"newName"`
}

type actionParams struct {
	Document documentID `json:"textDocument"`
	Range    extent     `json:"range"`
	Context  struct {
		Only []string `json:"only"`
	} `json:"context"`
}

type openParams struct {
	Document struct {
		URI     string `json:"uri"`
		Version int    `json:"version"`
		Text    string `json:"text"`
	} `json:"textDocument"`
}

type changeParams struct {
	Document versionedID     `json:"textDocument"`
	Changes  []contentChange `json:"contentChanges"`
}

// contentChange replaces a range, or without one the whole text.
type contentChange struct {
	Range *extent `json:"range"`
	Text  string  `json:"text"`
}

type diagnostic struct {
	Range    extent        `json:"range"`
	Severity int           `json:"severity"`
	Code     string        `json:"code,omitempty"`
	Source   string        `json:"source"`
	Message  string        `json:"message"`
	Tags     []int         `json:"tags,omitempty"`
	Related  []relatedInfo `json:"relatedInformation,omitempty"`
}

type relatedInfo struct {
	Location location `json:"location"`
	Message  string   `json:"message"`
}

// Severities and tags of diagnostics.
const (
	severityError       = 1
	severityWarning     = 2
	severityInformation = 3
	tagUnnecessary      = 1
)

type publishParams struct {
	URI         string       `json:"uri"`
	Version     *int         `json:"version,omitempty"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

type markup struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

type hover struct {
	Contents markup `json:"contents"`
	Range    extent `json:"range"`
}

type completionItem struct {
	Label         string    `json:"label"`
	Kind          int       `json:"kind"`
	Detail        string    `json:"detail,omitempty"`
	Documentation string    `json:"documentation,omitempty"`
	SortText      string    `json:"sortText,omitempty"`
	FilterText    string    `json:"filterText,omitempty"`
	TextEdit      *textEdit `json:"textEdit,omitempty"`
}

type completionList struct {
	IsIncomplete bool             `json:"isIncomplete"`
	Items        []completionItem `json:"items"`
}

// Kinds of completion items.
const (
	itemFunction = 3
	itemModule   = 9
	itemProperty = 10
	itemFile     = 17
	itemFolder   = 19
)

type documentSymbol struct {
	Name      string           `json:"name"`
	Detail    string           `json:"detail,omitempty"`
	Kind      int              `json:"kind"`
	Range     extent           `json:"range"`
	Selection extent           `json:"selectionRange"`
	Children  []documentSymbol `json:"children,omitempty"`
}

type symbolInformation struct {
	Name      string   `json:"name"`
	Kind      int      `json:"kind"`
	Location  location `json:"location"`
	Container string   `json:"containerName,omitempty"`
}

// Kinds of symbols.
const (
	symbolNamespace = 3
	symbolProperty  = 7
)

type foldingRange struct {
	StartLine int    `json:"startLine"`
	EndLine   int    `json:"endLine"`
	Kind      string `json:"kind,omitempty"`
}

type documentLink struct {
	Range  extent `json:"range"`
	Target string `json:"target"`
}

type documentHighlight struct {
	Range extent `json:"range"`
	Kind  int    `json:"kind"`
}

// Kinds of highlights.
const (
	highlightRead  = 2
	highlightWrite = 3
)

// workspaceEdit has one of its two members: which one depends on the client.
type workspaceEdit struct {
	Changes         map[string][]textEdit `json:"changes,omitempty"`
	DocumentChanges []documentEdit        `json:"documentChanges,omitempty"`
}

type documentEdit struct {
	Document versionedID `json:"textDocument"`
	Edits    []textEdit  `json:"edits"`
}

type codeAction struct {
	Title       string         `json:"title"`
	Kind        string         `json:"kind"`
	Diagnostics []diagnostic   `json:"diagnostics,omitempty"`
	Edit        *workspaceEdit `json:"edit,omitempty"`
	IsPreferred bool           `json:"isPreferred,omitempty"`
}

type prepared struct {
	Range       extent `json:"range"`
	Placeholder string `json:"placeholder"`
}
