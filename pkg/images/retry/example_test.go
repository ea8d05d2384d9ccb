package retry_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
)

func ExamplePolicy_Do() {
	attempts := 0
	err := retry.Policy{Attempts: 5, First: time.Millisecond}.Do(context.Background(), nil, func(context.Context) error {
		attempts++
		return errors.New("the repository does not exist") // not transient
	})
	fmt.Println(attempts, "attempt:", err)
	// Output: 1 attempt: the repository does not exist
}
