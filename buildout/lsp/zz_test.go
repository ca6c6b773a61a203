package lsp

import (
	"context"
	"os"
	"testing"
	"time"

	"gobuild/buildout/diag"
	"gobuild/buildout/profile"
	"gobuild/recipes"
)

type op struct{}

func (op) Open(_ context.Context, n string, _ func(string) string) (*diag.Source, error) {
	b, err := os.ReadFile(n)
	if err != nil {
		return nil, err
	}
	return diag.NewSource(n, b), nil
}
func (op) Exists(n string) bool { _, e := os.Stat(n); return e == nil }
func TestX(t *testing.T) {
	for i := 0; i < 5; i++ {
		s := time.Now()
		f := newStore()
		st := Setup{Config: profile.Config{Dir: "/tmp", Open: op{}, Dialect: "auto", Condition: func(string) (bool, error) { return true, nil }}}
		sn := load(context.Background(), f, recipes.Table{}, st, "/tmp/w/slapos/software/erp5/software.cfg")
		t.Log(time.Since(s)); s = time.Now(); sn.diagnose(); t.Log(time.Since(s), len(sn.files), len(sn.findings))
		s = time.Now()
		f.refresh()
		t.Log(sn.disk.current(), time.Since(s))
		s = time.Now()
		load(context.Background(), f, recipes.Table{}, st, "/tmp/w/slapos/software/erp5/software.cfg")
		t.Log(time.Since(s))
	}
}
