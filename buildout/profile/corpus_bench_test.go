package profile

import (
	"context"
	"os"
	"testing"

	"gobuild/buildout/cfg"
	"gobuild/buildout/diag"
)

type disk struct{}

func (disk) Open(_ context.Context, name string, _ func(string) string) (*diag.Source, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return diag.NewSource(name, text), nil
}
func (disk) Exists(name string) bool { _, err := os.Stat(name); return err == nil }

func BenchmarkCorpus(b *testing.B) {
	for _, d := range []Dialect{SlapOS, Upstream} {
		b.Run(string(d), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ctx := context.Background()
				p, err := Load(ctx, Config{Root: os.Getenv("PROFILE"), Dir: "/", Dialect: d, Open: disk{}, Condition: func(string) (bool, error) { return false, nil }})
				if err != nil {
					b.Fatal(err)
				}
				ev := &Evaluator{Profile: p, Lenient: true}
				ev.Start(ctx)
				bs, _ := ev.Section(ctx, "buildout", diag.Span{})
				parts, _, _ := bs.Get(ctx, "parts")
				for _, name := range cfg.Fields(parts) {
					if _, err := ev.Section(ctx, name, diag.Span{}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
