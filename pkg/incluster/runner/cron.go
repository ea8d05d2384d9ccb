package runner

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// ForeignError says that an object has the name of the CronJob for a target, or of one of its parts, and was
// not made by this plugin for the same content.
type ForeignError struct {
	Kind      string // "CronJob"
	Name      string
	Reason    string // "its labels are missing"
	Namespace string
	Cluster   string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("the %s %s in the namespace %s of %s was not made by this plugin: %s. Delete the %[1]s, or pass another namespace with --job-namespace",
		e.Kind, e.Name, e.Namespace, e.Cluster, e.Reason)
}

func (r Runner) foreign(kind, name, reason string) error {
	return &ForeignError{Kind: kind, Name: name, Reason: reason, Namespace: r.Namespace, Cluster: r.Cluster}
}

// Change is what ApplyCron has done with an object.
type Change struct {
	Kind   string // as kubectl has it: "cronjob.batch", "configmap" or "secret"
	Name   string
	Action Action
}

// object names the object in messages.
func (c Change) object() string {
	switch c.Kind {
	case secretKind:
		return "the Secret " + c.Name
	case configMapKind:
		return "the ConfigMap " + c.Name
	default:
		return "the CronJob " + c.Name
	}
}

const (
	cronJobKind   = "cronjob.batch"
	configMapKind = "configmap"
	secretKind    = "secret"
)

// Action is what was done with an object.
type Action string

// The actions of ApplyCron.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Unchanged  Action = "unchanged"
	Deleted    Action = "deleted"
	Kept       Action = "kept" // not needed by the CronJob; a run of the earlier CronJob may use the object, or it could not be deleted
)

// ApplyCron creates the CronJob, or updates the one for the same target. The ConfigMaps and the Secret
// are owned by the CronJob. A new CronJob is suspended until these exist. An existing one gets its new
// ConfigMaps and Secret first, then refers to them, and then the earlier ones are deleted: the CronJob
// can run at any time. If an object cannot be created, or the API server refuses the update of the CronJob,
// the objects are as before: what exists is changed after that. Once the update was sent, an interrupt does
// not end the command before its end.
func (r Runner) ApplyCron(ctx context.Context, spec incluster.Spec) ([]Change, error) {
	existing, err := r.managedCron(ctx, spec)
	switch {
	case apierrors.IsNotFound(err):
		return r.createCron(ctx, spec)
	case err != nil:
		return nil, err
	default:
		return r.updateCron(ctx, spec, existing)
	}
}

// managedCron reads the CronJob for a target, which must be one of this plugin.
func (r Runner) managedCron(ctx context.Context, spec incluster.Spec) (*batchv1.CronJob, error) {
	name := spec.Name()
	cron, err := r.Client.BatchV1().CronJobs(r.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case err != nil:
		return nil, r.failed("reading", "the CronJob "+name, err)
	case !incluster.Managed(cron.Labels, spec.Target):
		return nil, r.foreign("CronJob", name, "its labels are missing")
	}
	return cron, nil
}

func (r Runner) createCron(ctx context.Context, spec incluster.Spec) ([]Change, error) {
	cron := spec.CronJob()
	cron.Spec.Suspend = new(true)
	api := r.Client.BatchV1().CronJobs(r.Namespace)
	made, err := api.Create(ctx, cron, create())
	if err != nil {
		return nil, r.failed("creating", "the CronJob "+spec.Name(), err)
	}
	parts, err := r.createParts(ctx, spec, made)
	var changes []Change
	if err == nil {
		changes, err = r.patchParts(ctx, parts)
	}
	if err == nil {
		_, err = api.Patch(ctx, made.Name, types.MergePatchType, suspension(false), patch())
		err = r.failed("resuming", "the CronJob "+made.Name, err)
	}
	if err == nil {
		return append([]Change{{cronJobKind, made.Name, Created}}, changes...), nil
	}
	return nil, errors.Join(err, r.undoCreate(ctx, made, parts))
}

// undoCreate deletes a CronJob that was created, and then its parts: if the answer to the resuming patch was
// lost, the CronJob can run until then. Of a CronJob that cannot be deleted, the parts stay.
func (r Runner) undoCreate(ctx context.Context, cron *batchv1.CronJob, parts []part) error {
	ctx, cancel := cleanup(ctx)
	defer cancel()
	err := r.Client.BatchV1().CronJobs(r.Namespace).Delete(ctx, cron.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &cron.UID}})
	if err := ignoreMissing(err); err != nil {
		return r.failed("deleting", "the CronJob "+cron.Name, err)
	}
	_, err = r.deleteParts(ctx, created(parts))
	return err
}
