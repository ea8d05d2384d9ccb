package display

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Verification prints a row for each image that failed, or one line if all images are
// verified.
func Verification(out io.Writer, document images.VerifyReport) error {
	if document.Summary[images.Verified] == len(document.Items) {
		how := "every manifest and blob exists"
		if document.Deep {
			how = "every byte was read"
		}
		fmt.Fprintf(out, "verified %s in %s: %s\n", Count(len(document.Items), "image"), document.Target, how)
		return nil
	}
	w := printers.GetNewTabWriter(out)
	fmt.Fprintln(w, "FINDING\tIMAGE\tDETAIL")
	for _, check := range document.Items {
		if check.Finding != images.Verified {
			fmt.Fprintf(w, "%s\t%s\t%s\n", check.Finding, check.Source, detail(check))
		}
	}
	return w.Flush()
}

// detail is the finding for an image on one line.
func detail(check images.Check) string {
	switch check.Finding {
	case images.Missing:
		return check.Target.String() + " does not exist"
	case images.Different:
		return fmt.Sprintf("digest is %s, expected %s", check.Digest, check.Expected)
	case images.Incomplete:
		var parts []string
		for _, problem := range check.Problems {
			parts = append(parts, fmt.Sprintf("%s %s: %s", problem.Part, problem.Digest, problem.Detail))
		}
		return strings.Join(parts, "; ")
	default:
		return check.Error
	}
}

// Moved prints a note for each image that is gone from its source, and was compared with a
// copy in another repository.
func Moved(out io.Writer, checks []images.Check) {
	for _, check := range checks {
		if check.Moved != nil {
			fmt.Fprintf(out, "note: %s: %s\n", check.Source, check.Moved.Note(check.Source, "compared with"))
		}
	}
}
