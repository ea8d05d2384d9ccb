package memo_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

func ExampleGroup() {
	var digests memo.Group[string]
	requests := 0
	resolve := func() (string, error) {
		requests++
		return "sha256:7f2c", nil
	}
	for range 2 {
		digest, err := digests.Get("alpine:3.20", resolve)
		fmt.Println(digest, err)
	}
	fmt.Println(requests, "request")
	// Output:
	// sha256:7f2c <nil>
	// sha256:7f2c <nil>
	// 1 request
}
