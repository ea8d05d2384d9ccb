package solve_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/solve"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/trace"
)

// The first 7 characters of the reference come from a value.
func ExampleSolver_Solve() {
	const before, after = "ghcr.io/dexidp/dex:v2.44.0", "registry.example.com/kkp/dexidp/dex:v2.44.0"
	var decoder manifestdiff.Decoder
	rendering, err := decoder.Decode(map[string]string{"pod.yaml": "{kind: Pod, spec: {containers: [{image: '" + before + "'}]}}"})
	if err != nil {
		fmt.Println(err)
		return
	}
	at := rendering.Places[0]
	solver := solve.Solver{
		Trace: trace.Trace{
			Holes:  []trace.Hole{{At: []any{"image", "registry"}, Text: "ghcr.io", End: 7}},
			Direct: map[manifestdiff.Place][]trace.Span{at: {{Hole: 0, Start: 0, End: 7}}},
		},
		Expected: []manifestdiff.Expectation{{At: at, Base: before, Want: after}},
		Target:   images.Target{Registry: "registry.example.com", Prefix: "kkp"},
	}
	filled, _ := solver.Solve()
	for hole, text := range filled {
		fmt.Println(solver.Holes[hole].Key(), "=", text)
	}
	// Output:
	// image.registry = registry.example.com/kkp
}
