package layers

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
)

// unpacked returns the content of a layer, whatever it is compressed with: media types
// do not always tell the truth.
func unpacked(layer io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(layer)
	magic, err := buffered.Peek(4)
	switch {
	case err != nil && len(magic) == 0:
		return nil, err
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return gzip.NewReader(buffered)
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		decoder, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, err
		}
		return decoder.IOReadCloser(), nil
	default:
		return io.NopCloser(buffered), nil
	}
}
