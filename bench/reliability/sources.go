//go:build linux && amd64

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// configureScript is the configure of all made-up packages. What it was told
// goes into the installed files, with what it finds in another part.
const configureScript = `#!/bin/sh
with=none dep=
for word; do
  case $word in
    --prefix=*) prefix=${word#--prefix=} ;;
    --with=*) with=${word#--with=} ;;
    --dep=*) dep=${word#--dep=} ;;
  esac
done
seen=nothing
if [ -n "$dep" ]; then read -r seen < "$dep/share/config" || exit 1; fi
[ -n "$prefix" ] || exit 1
printf '%s\n' "$prefix" > prefix
printf 'WITH = %s\nSEEN = %s\ninclude rules.mk\n' "$with" "$seen" > Makefile
`

// rulesText has the rules of all made-up packages: three objects, one program,
// an installation with links of both kinds and unlike modes. The prefix comes
// from a file, as make does not take every path in a variable.
const rulesText = `all: program
a.o: a.c
	cp a.c a.o
b.o: b.c
	cp b.c b.o
program: a.o b.o
	cat a.o b.o > program
install: program
	read -r p < prefix && mkdir -p "$$p/bin" "$$p/share/empty" && cp program "$$p/bin/program" && chmod 755 "$$p/bin/program"
	read -r p < prefix && cd "$$p" && ln bin/program bin/twin && ln -s program bin/link
	read -r p < prefix && set -- $(WITH) $(SEEN) && echo "$$1 $$2" > "$$p/share/config" && chmod 444 "$$p/share/config"
`

// file is a member of an archive.
type file struct {
	name string
	mode int64
	data []byte
}

// archive makes a .tar.gz whose bytes depend on its members alone.
func archive(top string, files []file) []byte {
	var out bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	w := tar.NewWriter(zip)
	for _, f := range files {
		w.WriteHeader(&tar.Header{Name: top + "/" + f.name, Mode: f.mode, Size: int64(len(f.data)), Format: tar.FormatPAX})
		w.Write(f.data)
	}
	w.Close()
	zip.Close()
	return out.Bytes()
}

// noise returns n bytes that do not compress, the same for the same seed.
func noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	data := make([]byte, 0, n+8)
	for len(data) < n {
		x := r.Uint64()
		data = append(data, byte(x), byte(x>>8), byte(x>>16), byte(x>>24), byte(x>>32), byte(x>>40), byte(x>>48), byte(x>>56))
	}
	return data[:n]
}

// sources is a directory of made-up archives and files, and a server for it.
type sources struct {
	dir  string
	base string // URL
	sums map[string]string
	stop func() error
}

// newSources makes the archives pkg0.tar.gz ... and the files file0 ..., each
// with size bytes of noise.
func newSources(dir string, packages, size int) (*sources, error) {
	s := &sources{dir: dir, sums: map[string]string{}}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for i := range packages {
		err := s.add(fmt.Sprintf("pkg%d.tar.gz", i), archive(fmt.Sprintf("pkg%d", i), []file{
			{"configure", 0o755, []byte(configureScript)},
			{"rules.mk", 0o644, []byte(rulesText)},
			{"a.c", 0o644, noise(uint64(2*i), size/2)},
			{"b.c", 0o644, noise(uint64(2*i+1), size/2)},
		}))
		if err == nil {
			err = s.add(fmt.Sprintf("file%d", i), noise(uint64(1000+i), size))
		}
		if err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.FileServer(http.Dir(dir))}
	go server.Serve(listener)
	s.base, s.stop = "http://"+listener.Addr().String(), server.Close
	return s, nil
}

func (s *sources) add(name string, data []byte) error {
	sum := md5.Sum(data)
	s.sums[name] = hex.EncodeToString(sum[:])
	return os.WriteFile(filepath.Join(s.dir, name), data, 0o644)
}

// at returns the lines url and md5sum for a file, by the server or by its path.
func (s *sources) at(name string, served bool) string {
	url := filepath.Join(s.dir, name)
	if served {
		url = s.base + "/" + name
	}
	return fmt.Sprintf("url = %s\nmd5sum = %s\n", url, s.sums[name])
}

// section writes a section of a profile.
func section(name, recipe string, lines ...string) string {
	return fmt.Sprintf("[%s]\nrecipe = %s\n%s\n", name, recipe, strings.TrimRight(strings.Join(lines, ""), "\n")+"\n")
}
