package runner

import (
	"context"
	"errors"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// Bounds of the removal of a Job.
const (
	cleanupTime = 45 * time.Second // also after an interrupt
	stopTime    = 35 * time.Second // until its pods have ended: their grace period, and a little more
)

// cleanup returns a context for requests that are also sent after an interrupt.
func cleanup(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
}

// Remove ends the pods of a Job, and deletes the Job, its Secret and its ConfigMaps. It works after an
// interrupt, too.
func (r Runner) Remove(ctx context.Context, job *batchv1.Job) error {
	ctx, cancel := cleanup(ctx)
	defer cancel()
	if !finished(job) {
		if err := r.stop(ctx, job.Name); err != nil {
			return err
		}
	}
	return r.remove(ctx, job)
}

// stop suspends a Job, and waits until its pods have ended. Kubernetes' Job controller ends the pods,
// so that no right on pods is needed.
func (r Runner) stop(ctx context.Context, name string) error {
	if _, err := r.suspend(ctx, name, true); err != nil {
		return ignoreMissing(err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	for {
		job, err := r.Client.BatchV1().Jobs(r.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return ignoreMissing(r.failed("reading", "the Job "+name, err))
		}
		if job.Status.Active == 0 && (job.Status.Terminating == nil || *job.Status.Terminating == 0) {
			return nil
		}
		if !r.sleep(ctx) {
			return nil // pods that do not end go with the Job
		}
	}
}

// remove deletes a Job, its Secret and its ConfigMaps. Kubernetes' garbage collector deletes the pods.
func (r Runner) remove(ctx context.Context, job *batchv1.Job) error {
	background := metav1.DeletePropagationBackground
	err := r.Client.BatchV1().Jobs(r.Namespace).Delete(ctx, job.Name, metav1.DeleteOptions{PropagationPolicy: &background})
	return errors.Join(r.failed("deleting", "the Job "+job.Name, ignoreMissing(err)), r.removeParts(ctx, job))
}

// removeParts deletes the ConfigMaps and the Secret that were made for a Job.
func (r Runner) removeParts(ctx context.Context, job *batchv1.Job) error {
	_, err := r.deleteParts(ctx, keptParts(incluster.OwnedByJob(job)))
	return err
}

// finished reports whether a Job is complete or has failed.
func finished(job *batchv1.Job) bool {
	for _, condition := range job.Status.Conditions {
		if (condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed) && condition.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}

// sleep waits for the next look at a Job, and returns false if the context is done.
func (r Runner) sleep(ctx context.Context) bool {
	timer := time.NewTimer(max(r.interval(), time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
