package lsp

import (
	"context"
	"encoding/json"
	"strings"
)

// none are parameters that do not matter.
type none struct{}

func (s *server) initialize(_ context.Context, p *initializeParams) (any, error) {
	s.phase = running
	s.client = p.Capabilities
	s.encoding = chooseEncoding(p.Capabilities.General.Encodings)
	s.applyOptions(p.Options)
	if len(p.Folders) == 0 && p.RootURI != "" {
		p.Folders = []folder{{p.RootURI}}
	}
	s.setFolders(p.Folders)
	return map[string]any{
		"capabilities": s.offers(),
		"serverInfo":   map[string]string{"name": "gobuild", "version": s.config.Version},
	}, nil
}

// applyOptions takes settings over and tells the user of wrong ones.
func (s *server) applyOptions(settings json.RawMessage) {
	var bad []string
	s.options, bad = s.options.with(settings)
	if len(bad) > 0 {
		s.out.notify("window/showMessage", map[string]any{"type": severityWarning,
			"message": "gobuild: settings with wrong values: " + strings.Join(bad, ", ")})
	}
}

// offers are the capabilities of the server.
func (s *server) offers() map[string]any {
	return map[string]any{
		"positionEncoding":          s.encoding,
		"textDocumentSync":          map[string]any{"openClose": true, "change": 2, "save": map[string]bool{"includeText": false}},
		"hoverProvider":             true,
		"definitionProvider":        true,
		"referencesProvider":        true,
		"documentHighlightProvider": true,
		"documentSymbolProvider":    true,
		"workspaceSymbolProvider":   true,
		"foldingRangeProvider":      true,
		"documentLinkProvider":      map[string]bool{"resolveProvider": false},
		"completionProvider": map[string]any{
			"triggerCharacters": []string{"{", ":", "=", "<", ">", " ", "/", "["}, "resolveProvider": false},
		"renameProvider":             map[string]bool{"prepareProvider": true},
		"documentFormattingProvider": s.config.Format != nil,
		"codeActionProvider":         map[string]any{"codeActionKinds": []string{kindQuickFix, kindFixAll}},
		"workspace": map[string]any{
			"workspaceFolders": map[string]bool{"supported": true, "changeNotifications": true}},
	}
}

// initialized asks the client to tell of changed files, if it can.
func (s *server) initialized(context.Context, *none) (any, error) {
	if s.client.Workspace.Watched.Dynamic {
		s.out.send(notification{Version: "2.0", ID: "gobuild-watch", Method: "client/registerCapability",
			Params: map[string]any{"registrations": []any{map[string]any{
				"id": "gobuild-watch", "method": "workspace/didChangeWatchedFiles",
				"registerOptions": map[string]any{"watchers": []any{
					map[string]any{"globPattern": "**/*.cfg"}, map[string]any{"globPattern": "**/gobuild.ini"}}},
			}}}})
	}
	return nil, nil
}

func (s *server) shutdown(context.Context, *none) (any, error) {
	s.phase = stopping
	s.pace.pending = false
	return nil, nil
}

// exit ends the conversation; whether that is in order depends on what came
// before.
func (s *server) exit(context.Context, *none) (any, error) {
	s.pace.orderly = s.phase == stopping
	s.phase = gone
	return nil, nil
}

func (s *server) didChangeConfiguration(ctx context.Context, p *struct {
	Settings json.RawMessage `json:"settings"`
}) (any, error) {
	s.options = defaultOptions()
	s.applyOptions(p.Settings)
	s.files.forget()
	clear(s.snapshots)
	s.findProfiles()
	s.publish(ctx)
	return nil, nil
}

// didChangeWatchedFiles looks at everything anew. What changed in files is
// seen by their size and time; gobuild.ini and new files are not.
func (s *server) didChangeWatchedFiles(ctx context.Context, _ *none) (any, error) {
	clear(s.snapshots)
	s.findProfiles()
	s.publish(ctx)
	return nil, nil
}

func (s *server) didChangeFolders(ctx context.Context, p *struct {
	Event struct {
		Added   []folder `json:"added"`
		Removed []folder `json:"removed"`
	} `json:"event"`
}) (any, error) {
	removed := map[string]bool{}
	for _, f := range p.Event.Removed {
		removed[pathOf(f.URI, s.config.Dir)] = true
	}
	var kept []folder
	for _, path := range s.folders {
		if !removed[path] {
			kept = append(kept, folder{uriOf(path)})
		}
	}
	s.setFolders(append(kept, p.Event.Added...))
	s.publish(ctx)
	return nil, nil
}
