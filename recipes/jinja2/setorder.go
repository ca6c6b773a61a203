package jinja2

import (
	"math/big"

	"go.starlark.net/starlark"
)

// setElements returns the elements of s in the order in which CPython goes
// through a set to which they were added one by one. That order is defined for
// integers; sets with other elements, which have another order in every run of
// Python, keep that of insertion.
func setElements(s *starlark.Set) []starlark.Value {
	all := make([]starlark.Value, 0, s.Len())
	hashes := make([]int64, 0, s.Len())
	for v := range s.Elements() {
		all = append(all, v)
		if n, ok := number(v).(starlark.Int); ok {
			hashes = append(hashes, intHash(n))
		}
	}
	if len(hashes) < len(all) || len(all) < 2 {
		return all
	}
	t := &hashTable{slots: make([]int, 8), hashes: hashes}
	for i := range all {
		t.add(i)
	}
	ordered := make([]starlark.Value, 0, len(all))
	for _, slot := range t.slots {
		if slot > 0 {
			ordered = append(ordered, all[slot-1])
		}
	}
	return ordered
}

// intHash is hash(n) of CPython on 64 bits.
func intHash(n starlark.Int) int64 {
	const modulus = 1<<61 - 1
	h := new(big.Int).Rem(bigOf(n), big.NewInt(modulus)).Int64()
	if h == -1 {
		return -2
	}
	return h
}

// hashTable is the table of a CPython set. Slots hold indices from 1.
type hashTable struct {
	slots  []int
	hashes []int64
	fill   int
}

func (t *hashTable) add(i int) {
	t.place(i)
	t.fill++
	if t.fill*5 < (len(t.slots)-1)*3 {
		return
	}
	wanted := t.fill * 4
	if t.fill > 50000 {
		wanted = t.fill * 2
	}
	size := 8
	for size <= wanted {
		size <<= 1
	}
	old := t.slots
	t.slots = make([]int, size)
	for _, slot := range old {
		if slot > 0 {
			t.place(slot - 1)
		}
	}
}

// place puts the element of that index into the first free slot of its probes.
func (t *hashTable) place(i int) {
	const linear = 9
	mask := uint64(len(t.slots) - 1)
	perturb := uint64(t.hashes[i])
	at := perturb & mask
	for {
		last := at
		if at+linear <= mask {
			last = at + linear
		}
		for j := at; j <= last; j++ {
			if t.slots[j] == 0 {
				t.slots[j] = i + 1
				return
			}
		}
		perturb >>= 5
		at = (at*5 + 1 + perturb) & mask
	}
}
