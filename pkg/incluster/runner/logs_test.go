package runner_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
)

// logServer is an API server with a Job of one pod. The connections for its log are cut, and the pod
// ends after some of them.
type logServer struct {
	mu      sync.Mutex
	opened  int
	queries []string
}

func (s *logServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const cuts = 2
	p := pod("p", 0, 0, func(status *corev1.PodStatus) {
		status.Phase = corev1.PodRunning
		status.ContainerStatuses = []corev1.ContainerStatus{{Name: "sync", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	})
	job := runningJob()
	if s.opened >= cuts {
		terminated(0)(&p.Status)
		job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/log"):
		s.opened++
		s.queries = append(s.queries, "follow="+r.URL.Query().Get("follow")+" since="+fmt.Sprint(r.URL.Query().Get("sinceSeconds") != ""))
		w.Header().Set("Content-Type", "text/plain")
		if s.opened <= cuts {
			w.Header().Set("Content-Length", "1000000")
		}
		fmt.Fprintf(w, "line %d\n", s.opened)
	case strings.HasSuffix(r.URL.Path, "/pods"):
		write(w, corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{*p}})
	case strings.HasSuffix(r.URL.Path, "/pods/p"):
		p.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
		write(w, p)
	default:
		write(w, job)
	}
}

func write(w http.ResponseWriter, object any) {
	if err := json.NewEncoder(w).Encode(object); err != nil {
		panic(err)
	}
}

// The log is read through as many connections as needed, and once more after the end of the pod.
func TestLogsAreReadAfterALostConnection(t *testing.T) {
	api := &logServer{}
	server := httptest.NewServer(api)
	defer server.Close()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}})
	if err != nil {
		t.Fatal(err)
	}
	r := runner.Runner{Client: client, Namespace: namespace, Interval: 5 * time.Millisecond}
	if _, err := r.Follow(t.Context(), runningJob(), &reader{}); err != nil {
		t.Fatal(err)
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	if diff := cmp.Diff([]string{"follow=true since=false", "follow=true since=true", "follow= since=true"}, api.queries); diff != "" {
		t.Error(diff)
	}
}
