package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// Times of a follower.
const (
	interval = 2 * time.Second
	patience = 15 * time.Second
	// nodeWait is how long pods may wait for a node: an autoscaler may be about to add one.
	nodeWait = 10 * time.Minute
	// silence is how long the API server may be unreachable. The Job does not need the terminal.
	silence = 15 * time.Minute
	// requestTime bounds a request that is not for a log.
	requestTime = 30 * time.Second
)

// Reader reads the log of a pod of a shard, from 0, until its end. It is called again with the log
// from an earlier line if the connection was lost.
type Reader interface {
	Read(shard int, log io.Reader) error
}

// Outcome is how a Job ended.
type Outcome struct {
	Failed  bool
	Reason  string // of a failure: "BackoffLimitExceeded", "DeadlineExceeded", …
	Message string // of a failure, in the words of Kubernetes
	Ends    map[int]incluster.End
}

// StartError says that no pod of a Job has started.
type StartError struct{ Obstacle incluster.Obstacle }

func (e *StartError) Error() string {
	return e.Obstacle.Text() + "\n" + e.Obstacle.Remedy()
}

// Follow reads the logs of the pods of a Job until the Job is complete or has failed. Its errors are
// those of the API server, a *StartError, and the error of the context.
func (r Runner) Follow(ctx context.Context, job *batchv1.Job, logs Reader) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	f := &following{Runner: r, name: job.Name, uid: job.UID, logs: logs, read: map[types.UID]bool{}, busy: map[int]bool{}, ends: map[int]incluster.End{}}
	defer f.streams.Wait()
	defer cancel()
	for {
		outcome, done, err := f.look(ctx)
		switch {
		case ctx.Err() != nil:
			return Outcome{}, ctx.Err()
		case done || err != nil:
			return outcome, err
		}
		f.sleep(ctx)
	}
}

// following is the state of one call of Follow.
type following struct {
	Runner
	name    string
	uid     types.UID
	logs    Reader
	streams sync.WaitGroup
	ends    map[int]incluster.End // of the newest pod of each shard

	lost    time.Time // since when the API server has not answered; zero: it has
	blocked time.Time // since when the pods do not start; zero: they do
	told    incluster.Kind

	mu        sync.Mutex
	read      map[types.UID]bool // pods whose logs were read, or are being read
	busy      map[int]bool       // shards of which a log is being read
	forbidden bool               // logs may not be read
}

// look reads the state of the Job and its pods once.
func (f *following) look(ctx context.Context) (outcome Outcome, done bool, err error) {
	job, pods, err := f.state(ctx)
	if err != nil {
		return Outcome{}, false, f.unreachable(ctx, err)
	}
	f.lost = time.Time{}
	for i := range pods {
		if end, ok := incluster.EndOf(&pods[i]); ok {
			f.ends[shardOf(&pods[i])] = end
		} else {
			delete(f.ends, shardOf(&pods[i]))
		}
	}
	waiting := f.startReading(ctx, pods)
	if finished(job) {
		return f.outcome(job), !waiting, nil
	}
	return Outcome{}, false, f.checkStart(ctx, pods)
}

// state returns the Job and its pods, the oldest first.
func (f *following) state(ctx context.Context) (*batchv1.Job, []corev1.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	job, err := f.Client.BatchV1().Jobs(f.Namespace).Get(ctx, f.name, metav1.GetOptions{})
	if err != nil {
		return nil, nil, f.failed("reading", "the Job "+f.name, err)
	}
	if job.UID != f.uid {
		return nil, nil, fmt.Errorf("the Job %s was deleted, and another one has its name. Run the same command again", f.name)
	}
	list, err := f.Client.CoreV1().Pods(f.Namespace).List(ctx, metav1.ListOptions{LabelSelector: batchv1.ControllerUidLabel + "=" + string(f.uid)})
	if err != nil {
		return nil, nil, f.failed("reading", "the pods of the Job "+f.name, err)
	}
	slices.SortStableFunc(list.Items, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return job, list.Items, nil
}

// unreachable returns nil as long as the error may be one of the connection, and tells of the error once.
func (f *following) unreachable(ctx context.Context, err error) error {
	if refused(err) || !isRequest(err) || ctx.Err() != nil {
		return err
	}
	now := f.now()
	if f.lost.IsZero() {
		f.lost = now
		f.tell("the connection was lost, and is tried again: %v", err)
	}
	if now.Sub(f.lost) < silence {
		return nil
	}
	return fmt.Errorf("%w\nThe Job does not need this connection. To follow the Job later, run the same command again", err)
}

// refused reports whether the API server has refused a request, and would again.
func refused(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code >= 400 && status.Status().Code < 500 && !apierrors.IsTooManyRequests(err)
}

// isRequest reports whether an error comes from a request to an API server, and not from a check of its
// answer.
func isRequest(err error) bool {
	var object *ObjectError
	return errors.As(err, &object)
}

// checkStart tells why pods do not start. It returns a *StartError if none has started, and waiting
// does not help.
func (f *following) checkStart(ctx context.Context, pods []corev1.Pod) error {
	obstacle, blocked := incluster.FindObstacle(pods, f.warnings(ctx, pods))
	if !blocked {
		f.blocked, f.told = time.Time{}, ""
		return nil
	}
	now := f.now()
	if f.blocked.IsZero() {
		f.blocked = now
	}
	longest := cmp.Or(f.Patience, patience)
	if now.Sub(f.blocked) < longest {
		return nil
	}
	if obstacle.Kind == incluster.NoNode {
		longest = nodeWait
	}
	started := slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return incluster.Started(&pod) })
	if !started && now.Sub(f.blocked) >= longest {
		return &StartError{obstacle}
	}
	if f.told != obstacle.Kind {
		f.told = obstacle.Kind
		f.tell("%s\n%s", obstacle.Text(), obstacle.Remedy())
	}
	return nil
}

// warnings returns the warnings of the Job if there are no pods. Without the right to read events,
// there are none.
func (f *following) warnings(ctx context.Context, pods []corev1.Pod) []corev1.Event {
	if len(pods) > 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	selector := fmt.Sprintf("involvedObject.uid=%s,type=%s", f.uid, corev1.EventTypeWarning)
	list, err := f.Client.CoreV1().Events(f.Namespace).List(ctx, metav1.ListOptions{FieldSelector: selector})
	if err != nil {
		return nil
	}
	return list.Items
}

func (f *following) outcome(job *batchv1.Job) Outcome {
	outcome := Outcome{Ends: f.ends}
	for _, condition := range job.Status.Conditions {
		if condition.Type == batchv1.JobFailed && condition.Status == corev1.ConditionTrue {
			outcome.Failed, outcome.Reason, outcome.Message = true, condition.Reason, condition.Message
		}
	}
	return outcome
}

// shardOf returns the shard of a pod, from 0.
func shardOf(pod *corev1.Pod) int {
	index, err := strconv.Atoi(pod.Annotations[batchv1.JobCompletionIndexAnnotation])
	if err != nil {
		return 0
	}
	return index
}

func (r Runner) tell(format string, args ...any) {
	if r.Tell != nil {
		r.Tell(fmt.Sprintf(format, args...))
	}
}

func (r Runner) interval() time.Duration { return cmp.Or(r.Interval, interval) }
