// Package compression detects the compression of data from its first bytes, because names
// and media types can be wrong, and decompresses data. It must not know the content.
package compression

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Format is a compression format.
type Format int

// The compression formats.
const (
	None Format = iota
	Gzip
	Zstd
)

// maxWindow is the maximum memory for decompressing zstd, in bytes.
const maxWindow = 64 << 20

// magicSize is the number of bytes that Detect needs.
const magicSize = 4

// Detect returns the compression format of data. first has the first four bytes, or all
// bytes of shorter data.
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

// DetectAt returns the compression format of r, and reads only its first bytes.
func DetectAt(r io.ReaderAt) (Format, error) {
	first := make([]byte, magicSize)
	n, err := r.ReadAt(first, 0)
	if errors.Is(err, io.EOF) {
		err = nil // shorter than four bytes: not compressed
	}
	return Detect(first[:n]), err
}

// NewReader returns a reader that decompresses data of a format.
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

// Decompress returns a reader that decompresses data of any format.
func Decompress(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(r)
	first, err := buffered.Peek(magicSize)
	if err != nil && len(first) == 0 {
		return nil, err
	}
	return NewReader(buffered, Detect(first))
}
