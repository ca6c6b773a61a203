package state

import (
	"fmt"
	"hash/crc32"
	"strings"
)

// A segment is an append that is complete or does not count: a comment line
// that tells the length and the checksum of the text behind it. It begins with
// an empty line.
const segmentMark = "\n# gobuild append 1 "

func segment(text string) string {
	return fmt.Sprintf("%s%d %08x\n%s", segmentMark, len(text), crc32.ChecksumIEEE([]byte(text)), text)
}

// complete returns the length of text without a segment at its end that was
// cut short or damaged.
func complete(text string) int {
	for at := 0; ; {
		n := strings.Index(text[at:], segmentMark)
		if n < 0 {
			return len(text)
		}
		from := at + n
		head, body, ended := strings.Cut(text[from+len(segmentMark):], "\n")
		if !ended {
			return from
		}
		at = len(text) - len(body)
		length, sum, ok := segmentHead(head)
		switch {
		case !ok: // a comment of someone else
		case length > len(body), length == len(body) && sum != crc32.ChecksumIEEE([]byte(body)):
			return from
		case sum == crc32.ChecksumIEEE([]byte(body[:length])):
			at += length
		}
		// Else the segment was complete once, as more follows, and someone has
		// edited it: its text counts as it is.
	}
}

// segmentHead reads the length and the checksum.
func segmentHead(head string) (length int, sum uint32, ok bool) {
	n, err := fmt.Sscanf(head, "%d %08x", &length, &sum)
	return length, sum, err == nil && n == 2 && length >= 0 && head == fmt.Sprintf("%d %08x", length, sum)
}
