package pace_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/pace"
)

// A host that asks for a pause gets one. Other hosts do not wait.
func ExampleHosts_Start() {
	hosts := pace.New(pace.WellKnown())
	request, err := hosts.Start(context.Background(), "registry.example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Refused(time.Now().Add(time.Hour)) // 429 Too Many Requests, Retry-After: 3600

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = hosts.Start(ctx, "registry.example.com")
	fmt.Println("same host, too early:", errors.Is(err, context.DeadlineExceeded))
	_, err = hosts.Start(context.Background(), "other.example.com")
	fmt.Println("other host:", err)
	// Output:
	// same host, too early: true
	// other host: <nil>
}
