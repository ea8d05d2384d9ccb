package trace_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/trace"
)

// The registry is a part of a value in a list. Override returns the whole list, because
// Helm replaces whole lists.
func ExampleOverride() {
	values := map[string]any{
		"replicas": 2,
		"args":     []any{"--verbose", "--image=quay.io/example/proxy"},
	}
	registry := trace.Hole{At: []any{"args", 1}, Text: "--image=quay.io/example/proxy", Start: 8, End: 15}
	fmt.Println(registry.Key(), registry.Part())
	fmt.Println(trace.Override(values, []trace.Filling{{Hole: registry, Text: "registry.example.com"}}))
	// Output:
	// args[1] quay.io
	// map[args:[--verbose --image=registry.example.com/example/proxy]]
}
