package mask_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/mask"
)

func ExampleObject() {
	fmt.Println(mask.Object(map[string]any{"kind": "Settings", "user": "admin", "password": "s3cret"}))
	// Output: map[kind:Settings password:*** user:admin]
}
