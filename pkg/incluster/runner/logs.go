package runner

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// overlap is how much of a log is read again after a lost connection.
const overlap = 30 * time.Second

// startReading begins to read the logs of pods that have started. The pods of a shard are read one
// after the other, the oldest first: a pod continues what the one before has begun. It returns true
// while a log is not read to its end.
func (f *following) startReading(ctx context.Context, pods []corev1.Pod) (waiting bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range pods {
		pod, shard := &pods[i], shardOf(&pods[i])
		if f.busy[shard] || f.read[pod.UID] || f.forbidden || !incluster.Started(pod) {
			continue
		}
		f.busy[shard], f.read[pod.UID] = true, true
		f.streams.Go(func() {
			f.readPod(ctx, pod.Name, shard)
			f.mu.Lock()
			defer f.mu.Unlock()
			delete(f.busy, shard)
		})
	}
	for i := range pods {
		if incluster.Started(&pods[i]) && !f.read[pods[i].UID] && !f.forbidden {
			return true
		}
	}
	return len(f.busy) > 0
}

// readPod reads the log of a pod until its end, through as many connections as needed. The last one
// begins after the container has ended.
func (f *following) readPod(ctx context.Context, name string, shard int) {
	var heard time.Time // when the last bytes were read; zero: none were
	for ctx.Err() == nil {
		pod, err := f.Client.CoreV1().Pods(f.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return
		}
		ended := false
		if err == nil {
			_, ended = incluster.EndOf(pod)
			err = f.readOnce(ctx, name, shard, !ended, &heard)
		}
		switch {
		case apierrors.IsForbidden(err):
			f.refuse(err)
			return
		case apierrors.IsNotFound(err), err == nil && ended:
			return
		}
		f.sleep(ctx)
	}
}

// readOnce reads the log of a pod through one connection.
func (f *following) readOnce(ctx context.Context, name string, shard int, follow bool, heard *time.Time) error {
	options := &corev1.PodLogOptions{Container: incluster.Container, Follow: follow}
	if !heard.IsZero() {
		ago := int64((time.Since(*heard) + overlap).Seconds())
		options.SinceSeconds = &ago
	}
	stream, err := f.Client.CoreV1().Pods(f.Namespace).GetLogs(name, options).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	noted := &noting{Reader: stream}
	err = f.logs.Read(shard, noted)
	if at := noted.last.Load(); at != nil {
		*heard = *at
	}
	return err
}

// refuse notes that logs may not be read. The Job is still followed to its end.
func (f *following) refuse(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.forbidden {
		f.forbidden = true
		f.tell("no progress can be shown: %v", err)
	}
}

// noting notes when bytes were read.
type noting struct {
	io.Reader
	last atomic.Pointer[time.Time]
}

// Read implements io.Reader.
func (n *noting) Read(p []byte) (int, error) {
	count, err := n.Reader.Read(p)
	if count > 0 {
		now := time.Now()
		n.last.Store(&now)
	}
	return count, err
}
