package elf

import (
	"bufio"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cache is ld.so.cache: where the host has its libraries.
type cache struct {
	entries map[string][]cached // by soname
	// dirs are searched in order when there is no cache: those that ldconfig
	// would look in.
	dirs []string
}

// cached is one entry for a soname.
type cached struct {
	path  string
	exact bool   // its flags are those of the machine
	level string // name below glibc-hwcaps, or ""
}

// maxCache is the largest cache that is read. That of a full distribution has a
// tenth of that.
const maxCache = 16 << 20

const (
	cacheMagic      = "glibc-ld.so.cache1.1"
	oldCacheMagic   = "ld.so-1.7.0"
	cacheHeader     = 48
	cacheEntry      = 24
	oldCacheHeader  = 16
	oldCacheEntry   = 12
	extensionMagic  = 0xeaa42174
	extensionHwcaps = 1
	hwcapExtension  = 1 << 30 // in the upper half of the hwcap of an entry
	anyMachine      = 0x3     // the flags of entries for no machine in particular
)

// readCache reads the entries of ld.so.cache whose flags are wanted. ok is
// false when there is no cache that can be understood.
func readCache(d *disk, path string, wanted uint32) (c cache, ok bool) {
	info, err := os.Stat(d.real(path))
	if err != nil || info.Size() > maxCache || !info.Mode().IsRegular() {
		return cache{}, false
	}
	text, err := os.ReadFile(d.real(path))
	if err != nil {
		return cache{}, false
	}
	return parseCache(text, wanted)
}

// parseCache reads the form that all glibc of this century write, also behind
// the older form.
func parseCache(b []byte, wanted uint32) (cache, bool) {
	order := binary.ByteOrder(binary.NativeEndian)
	if len(b) > oldCacheHeader && string(b[:len(oldCacheMagic)]) == oldCacheMagic {
		skip := uint64(oldCacheHeader) + uint64(order.Uint32(b[12:]))*oldCacheEntry
		if skip = (skip + 7) &^ 7; skip > uint64(len(b)) {
			return cache{}, false
		}
		b = b[skip:]
	}
	if len(b) < cacheHeader || string(b[:len(cacheMagic)]) != cacheMagic {
		return cache{}, false
	}
	switch b[28] & 3 {
	case 2:
		order = binary.LittleEndian
	case 3:
		order = binary.BigEndian
	}
	count := uint64(order.Uint32(b[20:]))
	if count > uint64(len(b)-cacheHeader)/cacheEntry {
		return cache{}, false
	}
	c := cache{entries: map[string][]cached{}}
	levels := cacheLevels(b, order)
	for i := range count {
		c.add(b, b[cacheHeader+i*cacheEntry:], order, wanted, levels)
	}
	return c, true
}

// add takes one entry.
func (c *cache) add(b, entry []byte, order binary.ByteOrder, wanted uint32, levels []string) {
	flags, hwcap := order.Uint32(entry), order.Uint64(entry[16:])
	if flags != wanted && flags != anyMachine {
		return
	}
	e := cached{path: cString(b, uint64(order.Uint32(entry[8:]))), exact: flags == wanted}
	switch {
	case hwcap>>32 == hwcapExtension && hwcap&math.MaxUint32 < uint64(len(levels)):
		e.level = levels[hwcap&math.MaxUint32]
	case hwcap != 0:
		return // for a directory of the platform, which ldconfig no longer notes
	}
	if name := cString(b, uint64(order.Uint32(entry[4:]))); name != "" && e.path != "" {
		c.entries[name] = append(c.entries[name], e)
	}
}

// cacheLevels reads the names below glibc-hwcaps that entries refer to.
func cacheLevels(b []byte, order binary.ByteOrder) (levels []string) {
	at := uint64(order.Uint32(b[32:]))
	if at == 0 || at+8 > uint64(len(b)) || order.Uint32(b[at:]) != extensionMagic {
		return nil
	}
	for i := range min(uint64(order.Uint32(b[at+4:])), 64) {
		s := at + 8 + i*16
		if s+16 > uint64(len(b)) {
			return nil
		}
		from, size := uint64(order.Uint32(b[s+8:])), uint64(order.Uint32(b[s+12:]))
		if order.Uint32(b[s:]) != extensionHwcaps || from+size > uint64(len(b)) {
			continue
		}
		for k := from; k+4 <= from+size; k += 4 {
			levels = append(levels, cString(b, uint64(order.Uint32(b[k:]))))
		}
	}
	return levels
}

// lookup returns where a soname is, or "". before are the directories that the
// processor allows, best first.
func (c *cache) lookup(name string, before []string) string {
	best, path := math.MaxInt, ""
	for _, e := range c.entries[name] {
		rank := len(before)
		if e.level != "" {
			if rank = slices.Index(before, "glibc-hwcaps/"+e.level); rank < 0 {
				continue
			}
		}
		if !e.exact {
			rank += len(before) + 1
		}
		if rank < best {
			best, path = rank, e.path
		}
	}
	return path
}

// cacheOfConf is what stands in for a cache where there is none: the
// directories of ld.so.conf, which ldconfig would make it from.
func cacheOfConf(d *disk, path string) cache {
	var c cache
	c.conf(d, path, map[string]bool{})
	return c
}

// conf reads one file. Those that were read before are left out.
func (c *cache) conf(d *disk, path string, read map[string]bool) {
	if read[path] {
		return
	}
	read[path] = true
	f, err := openRegular(d.real(path))
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t:,=", r) })
		if len(fields) > 1 && fields[0] == "include" {
			c.include(d, path, fields[1:], read)
			continue
		}
		for _, dir := range fields {
			if strings.HasPrefix(dir, "/") {
				c.dirs = append(c.dirs, filepath.Clean(dir))
			}
		}
	}
}

func (c *cache) include(d *disk, path string, patterns []string, read map[string]bool) {
	for _, pattern := range patterns {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(filepath.Dir(path), pattern)
		}
		found, err := filepath.Glob(d.real(pattern))
		if err != nil {
			continue
		}
		for _, f := range found {
			c.conf(d, strings.TrimPrefix(f, d.root), read)
		}
	}
}
