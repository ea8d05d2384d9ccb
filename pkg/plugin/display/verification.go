package display

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Verification prints a row for each image that failed, or one line if all images are
// verified. Rows are not shortened to the width of a terminal: they have causes and digests.
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
	unknown := map[string]int{}
	for _, check := range document.Items {
		if check.Finding == images.Unknown && check.Cause != "" {
			unknown[check.Cause]++
		}
	}
	for _, check := range document.Items {
		n := unknown[check.Cause]
		switch {
		case check.Finding == images.Verified || n < 0:
		case check.Finding == images.Unknown && n > 1:
			unknown[check.Cause] = -1 // one line for each cause
			fmt.Fprintf(w, "%s\t%s and %d more\t%s\n", check.Finding, check.Source, n-1, check.Cause)
		default:
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

// Verdict says how many images failed verification, and how many are unknown; "" if there are none.
func Verdict(document images.VerifyReport) string {
	total, unknown, uncompared := len(document.Items), document.Summary[images.Unknown], 0
	for _, check := range document.Items {
		if check.Uncompared {
			uncompared++
		}
	}
	var parts []string
	if bad := total - document.Summary[images.Verified] - unknown; bad > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s failed verification in %s; 'verify --fix' copies missing and different images",
			bad, Count(total, "image"), document.Target))
	}
	if uncompared > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s could not be compared with the source: the content in %s is complete, but its digest could not be checked; "+
			"pass a list with digests (--images) that was written with access to the sources", uncompared, Count(total, "image"), document.Target))
	}
	if rest := unknown - uncompared; rest > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s could not be checked in %s", rest, Count(total, "image"), document.Target))
	}
	return strings.Join(parts, "\n")
}
