package failure_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// The functions look through the errors that an error wraps.
func ExampleClassify() {
	err := fmt.Errorf("copying images: %w", &failure.OperationError{
		Doing: "reading", Where: "quay.io/kubermatic/util:2.9.0",
		Err: &failure.NotFoundError{Name: "the manifest", Where: "the archive"},
	})
	fmt.Println(err)
	fmt.Println("class:", failure.Classify(err))
	fmt.Println("not found:", failure.IsNotFound(err))
	fmt.Println("a retry may help:", failure.IsTransient(err))
	// Output:
	// copying images: reading quay.io/kubermatic/util:2.9.0: the manifest is not in the archive
	// class: not-found
	// not found: true
	// a retry may help: false
}
