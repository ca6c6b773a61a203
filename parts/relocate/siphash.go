package relocate

import (
	"encoding/binary"
	"math/bits"
)

// pycSip13 is the first magic number of Python 3.11, whose source hashes are
// SipHash-1-3; those of older ones are SipHash-2-4.
const pycSip13 = 3450

// siphash is _Py_KeyedHash: SipHash of the source with the magic number (four
// bytes) as the first half of the key and 0 as the second.
func siphash(key uint64, text []byte, magic uint16) uint64 {
	rounds, last := 1, 3
	if magic < pycSip13 {
		rounds, last = 2, 4
	}
	v := [4]uint64{0x736f6d6570736575 ^ key, 0x646f72616e646f6d, 0x6c7967656e657261 ^ key, 0x7465646279746573}
	size := uint64(len(text))
	for ; len(text) >= 8; text = text[8:] {
		sipBlock(&v, binary.LittleEndian.Uint64(text), rounds)
	}
	var tail [8]byte
	copy(tail[:], text)
	sipBlock(&v, binary.LittleEndian.Uint64(tail[:])|size<<56, rounds)
	v[2] ^= 0xff
	for range last {
		sipRound(&v)
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3]
}

func sipBlock(v *[4]uint64, m uint64, rounds int) {
	v[3] ^= m
	for range rounds {
		sipRound(v)
	}
	v[0] ^= m
}

func sipRound(v *[4]uint64) {
	v[0] += v[1]
	v[2] += v[3]
	v[1] = bits.RotateLeft64(v[1], 13) ^ v[0]
	v[3] = bits.RotateLeft64(v[3], 16) ^ v[2]
	v[0] = bits.RotateLeft64(v[0], 32)
	v[2] += v[1]
	v[0] += v[3]
	v[1] = bits.RotateLeft64(v[1], 17) ^ v[2]
	v[3] = bits.RotateLeft64(v[3], 21) ^ v[0]
	v[2] = bits.RotateLeft64(v[2], 32)
}
