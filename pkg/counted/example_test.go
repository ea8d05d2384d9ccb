package counted_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/counted"
)

func ExampleBody() {
	var total int64
	body := &counted.Body{
		ReadCloser: io.NopCloser(strings.NewReader("a layer of an image")),
		Count:      func(bytes int64) { total += bytes },
	}
	_, err := io.Copy(io.Discard, body)
	fmt.Println(total, "bytes", err)
	// Output: 19 bytes <nil>
}
