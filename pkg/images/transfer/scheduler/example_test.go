package scheduler_test

import (
	"context"
	"fmt"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
)

// A task waits for a slot on each of its hosts. A host that asks for fewer requests gets
// fewer slots.
func ExampleScheduler_Do() {
	s := scheduler.New(scheduler.LimitsFor(8))
	task := scheduler.TaskFor(1<<20, "quay.io", "registry.example.com")
	err := s.Do(context.Background(), task, func() error {
		fmt.Println("copying a blob")
		return nil
	})
	fmt.Println("done:", err)

	fmt.Println("large blobs at once:", s.Limit("quay.io", scheduler.Large))
	s.SlowDown("quay.io", time.Time{})
	fmt.Println("after 429 Too Many Requests:", s.Limit("quay.io", scheduler.Large))
	// Output:
	// copying a blob
	// done: <nil>
	// large blobs at once: 16
	// after 429 Too Many Requests: 8
}
