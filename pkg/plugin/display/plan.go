package display

import (
	"fmt"
	"io"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Plan prints what would be copied where, without a question to a registry. A wide table is not
// shortened to the width of a terminal.
func Plan(out io.Writer, plan images.Plan, wide bool) error {
	t := table{header: []string{"SOURCE", "TARGET"}, whole: wide}
	for _, step := range plan.Copies {
		t.rows = append(t.rows, []string{step.Source.String(), strings.Join(append([]string{step.Written().String()}, step.Also...), ", also ")})
	}
	return t.print(out)
}

// PlanCount counts the images of a plan.
func PlanCount(plan images.Plan) string {
	return fmt.Sprintf("%s would be copied to %s unless the target already has them; no registry was asked", Count(len(plan.Copies), "image"), plan.Target)
}
