package plugin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestLostResultsAreAnError follows a Job that is complete, and whose node has rotated the log with the
// results away. The report must not look whole.
func TestLostResultsAreAnError(t *testing.T) {
	for _, tt := range []struct {
		results int // that the report of the pod counts
		code    int
	}{{0, 0}, {2, 1}} {
		t.Run(fmt.Sprint(tt.results), func(t *testing.T) {
			server := httptest.NewServer(completeJob(`{"v":1,"run":"1","n":9,"type":"report","report":{"exit":0,"results":` + fmt.Sprint(tt.results) + `}}` + "\n"))
			defer server.Close()
			kubeconfig := file(t, "kubeconfig", fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: %q}}], contexts: [{name: a, context: {cluster: a}}]}`, server.URL))
			list := file(t, "images.json", fmt.Sprintf(`{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","items":[{"ref":"quay.io/a/b:1","digest":"sha256:%064d"}]}`, 0))
			got := run(t, "sync", "registry.example.com/kkp", "--images", list, "--in-cluster", "--kubeconfig", kubeconfig)
			if got.code != tt.code || tt.code != 0 && !strings.Contains(got.stderr, "the report lacks 2 images: the node has rotated the log of a pod of the Job job") {
				t.Errorf("exit code %d:\n%s", got.code, got.stderr)
			}
		})
	}
}

// completeJob is an API server with a Job that is complete, and the log of its pod.
func completeJob(log string) http.Handler {
	const (
		job = `{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"job","uid":"u"},"status":{"conditions":[{"type":"Complete","status":"True"}]}}`
		pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod","uid":"p"},"status":{"phase":"Succeeded","containerStatuses":[{"name":"sync","state":{"terminated":{"exitCode":0}}}]}}`
	)
	mux := http.NewServeMux()
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, body)
		})
	}
	answer("GET /apis/batch/v1/namespaces/kubermatic/jobs", `{"apiVersion":"batch/v1","kind":"JobList","items":[`+job+`]}`)
	answer("GET /apis/batch/v1/namespaces/kubermatic/jobs/job", job)
	answer("GET /api/v1/namespaces/kubermatic/pods", `{"apiVersion":"v1","kind":"PodList","items":[`+pod+`]}`)
	answer("GET /api/v1/namespaces/kubermatic/pods/pod", pod)
	answer("GET /api/v1/namespaces/kubermatic/pods/pod/log", log)
	answer("DELETE /", `{"apiVersion":"v1","kind":"Status","status":"Success"}`)
	return mux
}
