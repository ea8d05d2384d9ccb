package compression_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/compression"
)

func ExampleDecompress() {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write([]byte("a layer"))
	_ = writer.Close()
	for _, data := range []io.Reader{&packed, bytes.NewReader([]byte("not compressed"))} {
		reader, err := compression.Decompress(data)
		if err != nil {
			fmt.Println(err)
			return
		}
		text, err := io.ReadAll(reader)
		fmt.Println(string(text), err)
	}
	// Output:
	// a layer <nil>
	// not compressed <nil>
}
