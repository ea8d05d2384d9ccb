package stream_test

import (
	"fmt"
	"io"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/stream"
)

// The first connection ends after 10 bytes. The second connection sends the rest.
func ExampleNewReader() {
	const blob = "a layer of an image"
	digest, size, _ := v1.SHA256(strings.NewReader(blob)) // reading from memory does not fail

	broken := strings.NewReader(blob[:10])
	reopen := func(failures int, _ error, offset int64) (io.ReadCloser, error) {
		fmt.Printf("failure %d: continue at byte %d\n", failures, offset)
		return io.NopCloser(strings.NewReader(blob[offset:])), nil
	}
	reader, err := stream.NewReader(v1.Descriptor{Digest: digest, Size: size}, 0, io.NopCloser(broken), reopen)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reader.Close()
	content, err := io.ReadAll(reader)
	fmt.Println(string(content), err)
	// Output:
	// failure 1: continue at byte 10
	// a layer of an image <nil>
}
