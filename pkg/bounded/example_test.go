package bounded_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

func ExampleReadAll() {
	_, err := bounded.ReadAll(strings.NewReader("a long answer"), 8)
	var exceeded *bounded.ExceededError
	fmt.Println(errors.As(err, &exceeded), err)
	// Output: true larger than 8 bytes
}
