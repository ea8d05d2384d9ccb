package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reader notes the shards whose logs were read.
type reader struct {
	mu    sync.Mutex
	reads []int
}

func (r *reader) Read(shard int, log io.Reader) error {
	_, err := io.Copy(io.Discard, log)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads = append(r.reads, shard)
	return err
}

func runningJob() *batchv1.Job {
	job := spec().Job()
	job.UID, job.Spec.Suspend = "job-1", new(false)
	return job
}

// pod returns a pod of the Job. state changes its status.
func pod(name string, shard int, age time.Duration, state func(*corev1.PodStatus)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(name), CreationTimestamp: metav1.Time{Time: time.Unix(1_000_000, 0).Add(-age)},
		Labels:      map[string]string{batchv1.ControllerUidLabel: "job-1"},
		Annotations: map[string]string{batchv1.JobCompletionIndexAnnotation: fmt.Sprint(shard)},
	}}
	p.Status.Phase = corev1.PodPending
	state(&p.Status)
	return p
}

func terminated(code int32) func(*corev1.PodStatus) {
	return func(s *corev1.PodStatus) {
		s.Phase = corev1.PodFailed
		s.ContainerStatuses = []corev1.ContainerStatus{{Name: incluster.Container, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}}}
	}
}

func waitingFor(reason, message string) func(*corev1.PodStatus) {
	return func(s *corev1.PodStatus) {
		s.ContainerStatuses = []corev1.ContainerStatus{{Name: incluster.Container, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}}
	}
}

func TestFollowToTheEnd(t *testing.T) {
	job := runningJob()
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: "BackoffLimitExceeded", Message: "too many"}}
	r, _ := newRunner(job, pod("b", 1, time.Hour, terminated(3)), pod("a", 0, time.Hour, terminated(137)), pod("c", 0, time.Minute, terminated(0)))
	logs := &reader{}
	outcome, err := r.Follow(t.Context(), job, logs)
	if err != nil {
		t.Fatal(err)
	}
	want := runner.Outcome{Failed: true, Reason: "BackoffLimitExceeded", Message: "too many", Ends: map[int]incluster.End{0: {ExitCode: 0}, 1: {ExitCode: 3}}}
	if diff := cmp.Diff(want, outcome); diff != "" {
		t.Error(diff)
	}
	slices.Sort(logs.reads)
	if diff := cmp.Diff([]int{0, 0, 1}, logs.reads); diff != "" {
		t.Errorf("logs of shards: %s", diff)
	}
}

// clock is a clock that goes on by itself.
type clock struct {
	mu   sync.Mutex
	at   time.Time
	step time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(c.step)
	return c.at
}

func TestPodsThatDoNotStart(t *testing.T) {
	for _, c := range []struct {
		name string
		pod  *corev1.Pod
		want string
		step time.Duration
		told bool
	}{
		{
			name: "image", step: 2 * time.Second, pod: pod("p", 0, 0, waitingFor("ErrImagePull", "not found")),
			want: "pod p does not start: ErrImagePull: not found\nthe nodes must reach the registry",
		},
		{
			name: "scheduling", step: 30 * time.Second, told: true,
			pod: pod("p", 0, 0, func(s *corev1.PodStatus) {
				s.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "no nodes"}}
			}),
			want: "pod p does not start: Unschedulable: no nodes\nmake room on a node",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			job := runningJob()
			r, _ := newRunner(job, c.pod)
			at := &clock{step: c.step}
			var told []string
			r.Now, r.Tell = at.now, func(text string) { told = append(told, text) }
			_, err := r.Follow(t.Context(), job, &reader{})
			var start *runner.StartError
			if !errors.As(err, &start) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if c.told != (len(told) == 1) {
				t.Errorf("told %q", told)
			}
		})
	}
}

func TestAQuotaIsTold(t *testing.T) {
	job := runningJob()
	event := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "e"}, Type: corev1.EventTypeWarning, Reason: "FailedCreate",
		Message: `pods "x" is forbidden: exceeded quota: none`, InvolvedObject: corev1.ObjectReference{UID: "job-1"},
	}
	r, _ := newRunner(job, event)
	r.Now = (&clock{step: 2 * time.Second}).now
	_, err := r.Follow(t.Context(), job, &reader{})
	if want := `no pod could be created: pods "x" is forbidden: exceeded quota: none` + "\nask the administrator"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

// A connection that is lost for a while does not end Follow.
func TestFollowAfterALostConnection(t *testing.T) {
	job := runningJob()
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	r, client := newRunner(job)
	looks := 0
	client.PrependReactor("get", "jobs", func(clienttesting.Action) (bool, runtime.Object, error) {
		if looks++; looks < 4 {
			return true, nil, &url.Error{Op: "Get", URL: "https://api", Err: errors.New("connection refused")}
		}
		return false, nil, nil
	})
	var told []string
	r.Tell = func(text string) { told = append(told, text) }
	if _, err := r.Follow(t.Context(), job, &reader{}); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !strings.Contains(told[0], "connection refused") {
		t.Errorf("told %q", told)
	}
}

func TestFollowEndsWithTheJob(t *testing.T) {
	job := runningJob()
	r, _ := newRunner()
	if _, err := r.Follow(t.Context(), job, &reader{}); !apierrors.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
	other := runningJob()
	other.UID = "job-2"
	r, _ = newRunner(other)
	if _, err := r.Follow(t.Context(), job, &reader{}); err == nil || !strings.Contains(err.Error(), "another one has its name") {
		t.Errorf("got %v", err)
	}
	r, client := newRunner(job)
	client.PrependReactor("list", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("no right"))
	})
	if _, err := r.Follow(t.Context(), job, &reader{}); !apierrors.IsForbidden(err) {
		t.Errorf("got %v", err)
	}
	r, _ = newRunner(job)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Follow(ctx, job, &reader{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
