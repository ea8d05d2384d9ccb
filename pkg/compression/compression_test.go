package compression_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/compression"
)

// packed returns the same data in all formats.
func packed(t *testing.T, data []byte) map[compression.Format][]byte {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(data); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	return map[compression.Format][]byte{
		compression.None: data, compression.Gzip: zipped.Bytes(), compression.Zstd: encoder.EncodeAll(data, nil),
	}
}

func TestFormats(t *testing.T) {
	data := []byte("some text, and then some")
	for format, content := range packed(t, data) {
		if got, err := compression.DetectAt(bytes.NewReader(content)); got != format || err != nil {
			t.Errorf("format %d is taken for %d, %v", format, got, err)
		}
		r, err := compression.Decompress(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); !bytes.Equal(got, data) || err != nil {
			t.Errorf("format %d: %q, %v", format, got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestShortData(t *testing.T) {
	if got, err := compression.DetectAt(bytes.NewReader([]byte{0x28})); got != compression.None || err != nil {
		t.Errorf("one byte: %d, %v", got, err)
	}
	if _, err := compression.Decompress(bytes.NewReader(nil)); !errors.Is(err, io.EOF) {
		t.Errorf("no byte: %v", err)
	}
}
