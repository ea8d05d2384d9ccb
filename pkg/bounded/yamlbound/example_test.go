package yamlbound_test

import (
	"fmt"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded/yamlbound"
)

func ExampleCheck() {
	fmt.Println(yamlbound.Check([]byte("image: {repository: quay.io/kubermatic/kubermatic}")))
	fmt.Println(yamlbound.Check([]byte(strings.Repeat("- a\n", 1_000_000))))
	// Output:
	// <nil>
	// the YAML has more than about 500000 values
}
