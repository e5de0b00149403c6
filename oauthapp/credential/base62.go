package credential

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
	"strings"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Every 8 bytes become 11 base-62 digits of fixed width, so that encoding takes
// one word of arithmetic at a time, and each body has exactly one encoding.
const (
	wordSize    = 8
	wordLen     = 11 // 62^11 > 2^64
	checksumLen = 6  // 62^6 > 2^32
)

func encodedLen(bytes int) int { return bytes / wordSize * wordLen }

// appendBase62 encodes src, whose length is a multiple of 8.
func appendBase62(dst, src []byte) []byte {
	for ; len(src) > 0; src = src[wordSize:] {
		dst = appendDigits(dst, binary.BigEndian.Uint64(src), wordLen)
	}
	return dst
}

// parseBase62 decodes s into dst, whose length is a multiple of 8. It refuses
// what appendBase62 cannot have written.
func parseBase62(dst []byte, s string) bool {
	for ; len(dst) > 0; dst, s = dst[wordSize:], s[wordLen:] {
		v, ok := parseDigits(s[:wordLen])
		if !ok {
			return false
		}
		binary.BigEndian.PutUint64(dst, v)
	}
	return true
}

func appendDigits(dst []byte, v uint64, n int) []byte {
	var digits [wordLen]byte
	for i := n - 1; i >= 0; i-- {
		digits[i] = alphabet[v%62]
		v /= 62
	}
	return append(dst, digits[:n]...)
}

// parseDigits reads a number of at most wordLen digits; it refuses foreign
// characters and overflow.
func parseDigits(s string) (uint64, bool) {
	var v uint64
	for i := range len(s) {
		d := strings.IndexByte(alphabet, s[i])
		if d < 0 {
			return 0, false
		}
		if i == wordLen-1 { // 62^10 < 2^64: no digit before can overflow
			hi, lo := bits.Mul64(v, 62)
			if hi != 0 || lo > math.MaxUint64-uint64(d) {
				return 0, false
			}
		}
		v = v*62 + uint64(d)
	}
	return v, true
}

// checksum is CRC-32 (IEEE).
func checksum(s []byte) uint64 { return uint64(crc32.ChecksumIEEE(s)) }
