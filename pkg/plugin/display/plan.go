package display

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Plan prints a row with the source and the targets of each copy.
func Plan(out io.Writer, plan images.Plan) error {
	w := printers.GetNewTabWriter(out)
	fmt.Fprintln(w, "SOURCE\tTARGET")
	for _, step := range plan.Copies {
		fmt.Fprintf(w, "%s\t%s\n", step.Source, strings.Join(append([]string{step.Written().String()}, step.Also...), ", also "))
	}
	return w.Flush()
}
