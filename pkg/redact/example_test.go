package redact_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
)

func ExampleAddress() {
	fmt.Println(redact.Address("https://robot:s3cret@charts.example.com/stable"))
	// Output: https://charts.example.com/stable
}
