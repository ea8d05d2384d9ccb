package display

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Plan prints what would be copied where. finding returns the finding at a target; nil: no target
// was asked. A wide table is not shortened to the width of a terminal.
func Plan(out io.Writer, plan images.Plan, wide bool, finding func(images.Ref) images.Finding) error {
	t := table{header: []string{"SOURCE", "TARGET"}, whole: wide}
	if finding != nil {
		t.header = []string{"STATE", "SOURCE", "TARGET"}
	}
	for _, step := range plan.Copies {
		cells := []string{step.Source.String(), strings.Join(append([]string{step.Written().String()}, step.Also...), ", also ")}
		if finding != nil {
			cells = append([]string{State(finding(step.Written()))}, cells...)
		}
		t.rows = append(t.rows, cells)
	}
	return t.print(out)
}

// State is the state of an image at a target before a copy.
func State(finding images.Finding) string {
	switch finding {
	case images.Verified:
		return "present"
	case images.Missing:
		return "new"
	case images.Different:
		return "different"
	default:
		return "unknown"
	}
}

// Forecast counts the images of a plan that are new to its target, different there, or present.
func Forecast(plan images.Plan, finding func(images.Ref) images.Finding) string {
	if finding == nil {
		return fmt.Sprintf("%s would be copied to %s unless the target already has them; no registry was asked", Count(len(plan.Copies), "image"), plan.Target)
	}
	states := map[string]int{}
	for _, step := range plan.Copies {
		states[State(finding(step.Written()))]++
	}
	text := fmt.Sprintf("%d new, %d different, %d present", states["new"], states["different"], states["present"])
	if n := states["unknown"]; n > 0 {
		text += fmt.Sprintf(", %d unknown", n)
	}
	return text + ": " + plan.Target.String()
}

// Unknown lists the causes for which the state of images is unknown, each with the number of
// images; "" if no state is unknown.
func Unknown(v images.Verification) string {
	var lines []string
	counts := map[string]int{}
	for _, check := range v.Checks {
		if check.Finding == images.Unknown {
			cause := cmp.Or(check.Cause, check.Error)
			if counts[cause]++; counts[cause] == 1 {
				lines = append(lines, cause)
			}
		}
	}
	for i, cause := range lines {
		lines[i] = fmt.Sprintf("the state of %s is unknown: %s", Count(counts[cause], "image"), cause)
	}
	return strings.Join(lines, "\n")
}
