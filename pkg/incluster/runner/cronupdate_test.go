package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
)

var conflict = apierrors.NewConflict(schema.GroupResource{Resource: "cronjobs"}, "x", errors.New("the object has been modified"))

// Kubernetes changes the status of a CronJob in ordinary use. The update is sent again, some times.
func TestUpdateAfterConflicts(t *testing.T) {
	for _, c := range []struct{ conflicts, sent, left int }{{1, 2, 4}, {4, 5, 4}, {100, 5, 4}} {
		r, client := newRunner(live()...)
		checkEachStep(t, client)
		sent := 0
		client.PrependReactor("update", "cronjobs", func(clienttesting.Action) (bool, runtime.Object, error) {
			sent++
			return sent <= c.conflicts, nil, conflict
		})
		_, err := r.ApplyCron(t.Context(), cronSpec("b"))
		if apierrors.IsConflict(err) != (c.conflicts >= c.sent) || sent != c.sent || len(left(t, client)) != c.left {
			t.Errorf("%d conflicts: %d updates, %v, %v", c.conflicts, sent, err, left(t, client))
		}
		plan, _, _ := parts(cronSpec("b"))
		if slices.Contains(left(t, client), plan) != (err == nil) {
			t.Errorf("%d conflicts: %v", c.conflicts, left(t, client))
		}
	}
}

// Between two updates, others can delete the CronJob, or make one of their own.
func TestCronJobOfOthersAfterAConflict(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*batchv1.CronJob)
		left   int
	}{
		"no labels":   {func(cron *batchv1.CronJob) { cron.Labels = nil }, 4},
		"another one": {func(cron *batchv1.CronJob) { cron.UID = "cron-2" }, 6}, // which may have taken the new objects
	} {
		r, client := newRunner(live()...)
		client.PrependReactor("update", "cronjobs", func(clienttesting.Action) (bool, runtime.Object, error) {
			cron := live()[0].(*batchv1.CronJob)
			c.change(cron)
			return true, nil, errors.Join(conflict, client.Tracker().Update(cronJobs, cron, namespace))
		})
		if _, err := r.ApplyCron(t.Context(), cronSpec("b")); err == nil || len(left(t, client)) != c.left {
			t.Errorf("%s: %v, %v", name, err, left(t, client))
		}
	}
}

// An update whose answer is lost may have been made. If the CronJob can be read, the command goes on;
// otherwise all objects stay, and the earlier ones are named.
func TestUpdateWithoutAnAnswer(t *testing.T) {
	lost := errors.New("the connection was lost")
	for _, readable := range []bool{true, false} {
		r, client := newRunner(live()...)
		checkEachStep(t, client)
		sent := 0
		client.PrependReactor("update", "cronjobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
			if sent++; sent > 1 {
				return false, nil, nil
			}
			return true, nil, errors.Join(lost, client.Tracker().Update(cronJobs, action.(clienttesting.UpdateAction).GetObject(), namespace))
		})
		client.PrependReactor("get", "cronjobs", func(clienttesting.Action) (bool, runtime.Object, error) {
			return sent > 0 && !readable, nil, lost
		})
		changes, err := r.ApplyCron(t.Context(), cronSpec("b"))
		plan, _, secret := parts(cronSpec("a"))
		switch {
		case readable && (err != nil || changes[0].Action != runner.Configured || len(left(t, client)) != 4 || slices.Contains(left(t, client), plan)):
			t.Errorf("%v, %v", err, left(t, client))
		case !readable && (!errors.Is(err, lost) || !strings.HasSuffix(err.Error(), "delete them: "+plan+" "+secret) || len(left(t, client)) != 6):
			t.Errorf("%v, %v", err, left(t, client))
		}
	}
}

// cronServer is an API server with the CronJob of the plan a. interrupt is called before the answer to a
// request, such as "PUT cronjobs".
type cronServer struct {
	mu        sync.Mutex
	cron      *batchv1.CronJob
	interrupt func(request string)
	deleted   []string
}

func (s *cronServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	resource, name := path.Base(r.URL.Path), ""
	if resource != "jobs" && r.Method != http.MethodPost {
		resource, name = path.Base(path.Dir(r.URL.Path)), resource
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.Method + " " + resource {
	case "PUT cronjobs":
		var sent batchv1.CronJob
		if json.NewDecoder(r.Body).Decode(&sent) == nil {
			s.cron = &sent
		}
	case "DELETE configmaps", "DELETE secrets":
		s.deleted = append(s.deleted, strings.TrimSuffix(resource, "s")+"/"+name)
	}
	s.interrupt(r.Method + " " + resource)
	switch resource {
	case "cronjobs":
		write(w, s.cron)
	case "jobs":
		write(w, batchv1.JobList{TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "JobList"}})
	case "secrets":
		write(w, corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}})
	default:
		write(w, corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}})
	}
}

// An interrupt after the update was sent leaves no earlier plan, and no Secret with the earlier login.
func TestInterruptedUpdate(t *testing.T) {
	for _, at := range []string{"PUT cronjobs", "GET jobs", "DELETE configmaps"} {
		t.Run(at, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			state := &cronServer{cron: live()[0].(*batchv1.CronJob), interrupt: func(request string) {
				if request == at {
					interrupt()
				}
			}}
			server := httptest.NewServer(state)
			defer server.Close()
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL, Transport: transport})
			if err != nil {
				t.Fatal(err)
			}
			r := runner.Runner{Client: client, Namespace: namespace, Cluster: "the master cluster", Interval: time.Millisecond}
			if _, err := r.ApplyCron(ctx, cronSpec("b")); err != nil {
				t.Error(err)
			}
			plan, _, secret := parts(cronSpec("a"))
			state.mu.Lock()
			defer state.mu.Unlock()
			if diff := cmp.Diff([]string{plan, secret}, state.deleted); diff != "" {
				t.Error(diff)
			}
		})
	}
}
