// Package runner starts Jobs in a cluster, follows their pods until they are done, and removes what a
// Job leaves behind. It knows the API of Kubernetes and the objects of package incluster. It must not
// know how images are copied, nor how progress is shown.
package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// fieldManager is the field manager of the objects.
const fieldManager = "kubectl-kkp-mirror"

// Runner runs Jobs in a namespace of a cluster.
type Runner struct {
	Client    kubernetes.Interface
	Namespace string
	Cluster   string            // in messages, such as "the master cluster"
	Tell      func(text string) // gets lines about pods that do not start, and lost connections
	Interval  time.Duration     // between two looks at the Job; 0: 2 s
	Patience  time.Duration     // that an obstacle must last before it is told; 0: 15 s
	Now       func() time.Time  // nil: time.Now
}

// ObjectError says that an object could not be created, changed or read.
type ObjectError struct {
	Doing     string // "creating"
	Object    string // "the Job kkp-mirror-sync-0123456789"
	Namespace string
	Cluster   string
	Err       error
}

func (e *ObjectError) Error() string {
	text := fmt.Sprintf("%s %s in the namespace %s of %s: %v", e.Doing, e.Object, e.Namespace, e.Cluster, e.Err)
	switch {
	case apierrors.IsForbidden(e.Err):
		return text + ". Ask the administrator of the namespace for this right (docs/in-cluster.md lists all), or pass another namespace with --job-namespace"
	case apierrors.HasStatusCause(e.Err, "NamespaceTerminating"), missingNamespace(e.Err):
		return text + ". Pass an existing namespace with --job-namespace"
	default:
		return text
	}
}

// Unwrap returns the error of the API server.
func (e *ObjectError) Unwrap() error { return e.Err }

// missingNamespace reports whether an error means that the namespace of an object does not exist.
func missingNamespace(err error) bool {
	var status apierrors.APIStatus
	return apierrors.IsNotFound(err) && errors.As(err, &status) && status.Status().Details != nil && status.Status().Details.Kind == "namespaces"
}

func (r Runner) failed(doing, object string, err error) error {
	if err == nil {
		return nil
	}
	return &ObjectError{Doing: doing, Object: object, Namespace: r.Namespace, Cluster: r.Cluster, Err: err}
}

// Find returns the newest Job for a plan and a target that is not being deleted, whether the Job is
// running or finished; nil if there is none.
func (r Runner) Find(ctx context.Context, digest, target string) (*batchv1.Job, error) {
	selector := labels.SelectorFromSet(incluster.Labels(digest, target)).String()
	found, err := r.Client.BatchV1().Jobs(r.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, r.failed("looking for", "a Job that copies already", err)
	}
	var newest *batchv1.Job
	for i := range found.Items {
		job := &found.Items[i]
		if job.DeletionTimestamp == nil && (newest == nil || job.CreationTimestamp.After(newest.CreationTimestamp.Time)) {
			newest = job
		}
	}
	return newest, nil
}

func (r Runner) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}
