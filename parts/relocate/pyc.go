package relocate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path"
	"strings"
)

// pycHeader is the length of what stands in front of the code.
const pycHeader = 16

// The flags of a .pyc file.
const (
	pycHashed  = 1
	pycChecked = 2
)

// isPyc reports whether content is code of Python 3.7 or later.
func isPyc(name string, content []byte) bool {
	return strings.HasSuffix(name, ".pyc") && len(content) > pycHeader && bytes.Equal(content[2:4], []byte("\r\n")) &&
		binary.LittleEndian.Uint32(content[4:])&^(pycHashed|pycChecked) == 0
}

// PycSource returns the path of the source of a .pyc file: the module beside
// __pycache__, or in the same directory.
func PycSource(name string) string {
	dir, base := path.Split(name)
	module := strings.TrimSuffix(base, ".pyc")
	if path.Base(dir) != "__pycache__" {
		return dir + module + ".py"
	}
	module, _, _ = strings.Cut(module, ".")
	return path.Join(path.Dir(path.Clean(dir)), module+".py")
}

// StampPyc makes the header of a .pyc file fit its source after a move: time
// and size where it has these, the hash where it has one that is checked.
// source is asked for the content only for that hash. Content is changed in
// place; its length stays. It returns whether anything changed.
func StampPyc(content []byte, mtime, size int64, source func() ([]byte, error)) (bool, error) {
	if !isPyc(".pyc", content) {
		return false, errors.New("not a .pyc file of Python 3.7 or later")
	}
	var stamp [8]byte
	switch binary.LittleEndian.Uint32(content[4:]) {
	case 0:
		binary.LittleEndian.PutUint32(stamp[:], uint32(mtime))
		binary.LittleEndian.PutUint32(stamp[4:], uint32(size))
	case pycHashed | pycChecked:
		text, err := source()
		if err != nil {
			return false, err
		}
		magic := binary.LittleEndian.Uint16(content)
		binary.LittleEndian.PutUint64(stamp[:], siphash(uint64(binary.LittleEndian.Uint32(content)), text, magic))
	default:
		return false, nil
	}
	changed := !bytes.Equal(content[8:pycHeader], stamp[:])
	copy(content[8:], stamp[:])
	return changed, nil
}
