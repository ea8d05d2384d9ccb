package rewrite_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

func ExampleApply() {
	rule, err := rewrite.Parse("*=cache.example.com/{host}")
	if err != nil {
		fmt.Println(err)
		return
	}
	through, mapped := rewrite.Apply([]rewrite.Rule{rule}, images.Ref{Registry: "quay.io", Repository: "kubermatic/kubermatic", Tag: "v2.31.0"})
	fmt.Println(through, mapped)
	// Output: cache.example.com/quay.io/kubermatic/kubermatic:v2.31.0 true
}
