package elf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// grouped are the kinds that many files of a part share for one reason.
var grouped = map[string]bool{KindPIE: true, KindRelro: true, KindExecStack: true, KindStackProtector: true, KindTextrel: true,
	KindShebang: true, KindArchive: true, KindForeign: true}

// sameGroup is what findings of one group have in common.
type sameGroup struct {
	part, kind, subject, resolved, message, allowed string
	level                                           Level
}

// finish sorts and groups the findings, and counts them.
func (a *audit) finish() []Finding {
	order := map[string]int{}
	for i, p := range a.parts[:a.audited] {
		order[p.Name] = i
	}
	slices.SortStableFunc(a.list, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(order[x.Part], order[y.Part]), strings.Compare(x.File, y.File), strings.Compare(x.Kind, y.Kind),
			cmp.Compare(x.Line, y.Line), strings.Compare(x.Subject, y.Subject), strings.Compare(x.Message, y.Message))
	})
	a.list = slices.CompactFunc(a.list, func(x, y Finding) bool {
		return x.Part == y.Part && x.File == y.File && x.Kind == y.Kind && x.Line == y.Line && x.Subject == y.Subject && x.Message == y.Message
	})
	all := group(a.list)
	for _, f := range all {
		r := &a.reports[order[f.Part]]
		switch f.Level {
		case Error:
			r.Errors++
		case Warning:
			r.Warnings++
		default:
			r.Notes++
		}
	}
	return all
}

// group makes one finding of those that differ by the file alone.
func group(list []Finding) []Finding {
	all := make([]Finding, 0, len(list))
	first := map[sameGroup]int{}
	for _, f := range list {
		if !grouped[f.Kind] {
			all = append(all, f)
			continue
		}
		key := sameGroup{f.Part, f.Kind, f.Subject, f.Resolved, f.Message, f.Allowed, f.Level}
		i, ok := first[key]
		if !ok {
			first[key] = len(all)
			all = append(all, f)
			continue
		}
		if all[i].Files == nil {
			all[i].Files = []string{all[i].File}
		}
		if !slices.Contains(all[i].Files[len(all[i].Files)-1:], f.File) {
			all[i].Files = append(all[i].Files, f.File)
		}
	}
	for i := range all {
		if n := len(all[i].Files); n > 1 {
			all[i].Message += fmt.Sprintf(" (%d files)", n)
		}
	}
	return all
}
