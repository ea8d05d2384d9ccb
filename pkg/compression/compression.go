// Package compression tells what data is compressed with from its first bytes, because
// names and media types do not always tell the truth, and decompresses it. It must not know
// what the data is.
package compression

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Format is what data is compressed with.
type Format int

// The formats.
const (
	None Format = iota
	Gzip
	Zstd
)

// maxWindow is the most memory that decompressing zstd may ask for, in bytes.
const maxWindow = 64 << 20

// magicSize is how many bytes Detect looks at.
const magicSize = 4

// Detect tells what data is compressed with that begins with some bytes, four at least
// unless it is shorter.
func Detect(first []byte) Format {
	switch {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}): // RFC 1952, 2.3.1
		return Gzip
	case bytes.HasPrefix(first, []byte{0x28, 0xb5, 0x2f, 0xfd}): // RFC 8878, 3.1.1
		return Zstd
	default:
		return None
	}
}

// DetectAt tells what data is compressed with, which is not read further.
func DetectAt(r io.ReaderAt) (Format, error) {
	first := make([]byte, magicSize)
	n, err := r.ReadAt(first, 0)
	if errors.Is(err, io.EOF) {
		err = nil // shorter than that: it is not compressed
	}
	return Detect(first[:n]), err
}

// NewReader decompresses data of a format.
func NewReader(r io.Reader, f Format) (io.ReadCloser, error) {
	switch f {
	case Gzip:
		return gzip.NewReader(r)
	case Zstd:
		decoder, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return decoder.IOReadCloser(), nil
	default:
		return io.NopCloser(r), nil
	}
}

// Decompress decompresses data, whatever it is compressed with.
func Decompress(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(r)
	first, err := buffered.Peek(magicSize)
	if err != nil && len(first) == 0 {
		return nil, err
	}
	return NewReader(buffered, Detect(first))
}
