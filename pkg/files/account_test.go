package files_test

import (
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
)

// TestUnreachedOnce names a download that nothing reaches once, not for each version of
// Kubernetes, and not for versions that nobody asked for.
func TestUnreachedOnce(t *testing.T) {
	script := "if [ -z \"\" ]; then exit 0; fi\ncurl https://example.com/{{ .KubeVersion }}/kubelet"
	var cases []files.Case
	for _, kubernetes := range []string{"1.35.7", "1.35.8"} {
		cases = append(cases, files.Case{Kubernetes: kubernetes, Provider: "aws", Architecture: "amd64"})
	}
	answer, err := files.Trace(t.Context(), files.Request{Object: object(t, script), Cases: cases})
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Gaps) != 1 || !strings.Contains(answer.Gaps[0].Text, "v1.35.7") {
		t.Errorf("%+v", answer.Gaps)
	}
}
