package podreason_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/podreason"
)

func ExampleWithMessage() {
	fmt.Println(podreason.WithMessage("Unschedulable", "0/3 nodes are available"))
	fmt.Println(podreason.WithMessage("Evicted", ""))
	// Output:
	// Unschedulable: 0/3 nodes are available
	// Evicted
}
