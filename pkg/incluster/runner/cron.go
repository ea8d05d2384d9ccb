package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// ForeignError says that a CronJob has the name of that for a target, and was not made by this plugin.
type ForeignError struct {
	Name      string
	Namespace string
	Cluster   string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("the CronJob %s in the namespace %s of %s was not made by this plugin: its labels are missing. Delete the CronJob, or pass another namespace with --job-namespace",
		e.Name, e.Namespace, e.Cluster)
}

// Change is what ApplyCron has done with an object.
type Change struct {
	Kind   string // as kubectl has it: "cronjob.batch", "configmap" or "secret"
	Name   string
	Action Action
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
	Kept       Action = "kept" // not needed by the CronJob; a run of the earlier CronJob uses the object
)

// ApplyCron creates the CronJob, or updates the one for the same target. The ConfigMaps and the Secret
// are owned by the CronJob. A new CronJob is suspended until these exist. An existing one gets its new
// ConfigMaps and Secret first, then refers to them, and then the earlier ones are deleted: the CronJob
// can run at any time. If an object cannot be created, the objects are as before.
func (r Runner) ApplyCron(ctx context.Context, spec incluster.Spec) ([]Change, error) {
	name := spec.Name()
	existing, err := r.Client.BatchV1().CronJobs(r.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return r.createCron(ctx, spec)
	case err != nil:
		return nil, r.failed("reading", "the CronJob "+name, err)
	case !incluster.Managed(existing.Labels, spec.Target):
		return nil, &ForeignError{Name: name, Namespace: r.Namespace, Cluster: r.Cluster}
	default:
		return r.updateCron(ctx, spec, existing)
	}
}

func (r Runner) createCron(ctx context.Context, spec incluster.Spec) ([]Change, error) {
	cron := spec.CronJob()
	cron.Spec.Suspend = new(true)
	api := r.Client.BatchV1().CronJobs(r.Namespace)
	made, err := api.Create(ctx, cron, create())
	if err != nil {
		return nil, r.failed("creating", "the CronJob "+spec.Name(), err)
	}
	changes, err := r.applyParts(ctx, spec, made)
	if err == nil {
		_, err = api.Patch(ctx, made.Name, types.MergePatchType, suspension(false), patch())
		err = r.failed("resuming", "the CronJob "+made.Name, err)
	}
	if err == nil {
		return append([]Change{{cronJobKind, made.Name, Created}}, changes...), nil
	}
	clean, cancel := cleanup(ctx)
	defer cancel()
	return nil, errors.Join(err, r.deleteParts(clean, changes, Created),
		r.failed("deleting", "the CronJob "+made.Name, ignoreMissing(api.Delete(clean, made.Name, metav1.DeleteOptions{}))))
}

func (r Runner) updateCron(ctx context.Context, spec incluster.Spec, existing *batchv1.CronJob) ([]Change, error) {
	wanted, updated := spec.CronJob(), existing.DeepCopy()
	maps.Copy(updated.Labels, wanted.Labels)
	if updated.Annotations == nil {
		updated.Annotations = map[string]string{}
	}
	maps.Copy(updated.Annotations, wanted.Annotations)
	updated.Spec = wanted.Spec
	changes, err := r.applyParts(ctx, spec, existing)
	if err == nil {
		updated, err = r.Client.BatchV1().CronJobs(r.Namespace).Update(ctx, updated, metav1.UpdateOptions{FieldManager: fieldManager, FieldValidation: metav1.FieldValidationStrict})
		if err != nil && !refused(err) { // the update may have been made: the new objects stay
			return nil, r.failed("updating", "the CronJob "+existing.Name, err)
		}
		err = r.failed("updating", "the CronJob "+existing.Name, err)
	}
	if err != nil {
		clean, cancel := cleanup(ctx)
		defer cancel()
		return nil, errors.Join(err, r.deleteParts(clean, changes, Created))
	}
	action := Configured
	if updated.ResourceVersion == existing.ResourceVersion {
		action = Unchanged
	}
	changes = append([]Change{{cronJobKind, existing.Name, action}}, changes...)
	earlier, err := r.removeEarlier(ctx, existing, changes)
	return append(changes, earlier...), err
}

// applyParts creates the ConfigMaps and the Secret of a CronJob. An object that exists has the same plan or
// the same certificates, as its name says; a Secret gets the credentials of now.
func (r Runner) applyParts(ctx context.Context, spec incluster.Spec, owner *batchv1.CronJob) ([]Change, error) {
	owners := []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "CronJob", Name: owner.Name, UID: owner.UID}}
	var changes []Change
	for _, config := range spec.ConfigMaps() {
		config.OwnerReferences = owners
		_, err := r.Client.CoreV1().ConfigMaps(r.Namespace).Create(ctx, config, create())
		action := Created
		if apierrors.IsAlreadyExists(err) {
			action = Unchanged
			_, err = r.Client.CoreV1().ConfigMaps(r.Namespace).Patch(ctx, config.Name, types.MergePatchType, ownersPatch(owners, nil), patch())
		}
		if err != nil {
			return changes, r.failed("creating", "the ConfigMap "+config.Name, err)
		}
		changes = append(changes, Change{configMapKind, config.Name, action})
	}
	secret := spec.RegistrySecret()
	if secret == nil {
		return changes, nil
	}
	secret.OwnerReferences = owners
	_, err := r.Client.CoreV1().Secrets(r.Namespace).Create(ctx, secret, create())
	action := Created
	if apierrors.IsAlreadyExists(err) {
		action = Configured
		_, err = r.Client.CoreV1().Secrets(r.Namespace).Patch(ctx, secret.Name, types.MergePatchType, ownersPatch(owners, secret.Data), patch())
	}
	if err != nil {
		return changes, r.failed("creating", "the Secret "+secret.Name, err)
	}
	return append(changes, Change{secretKind, secret.Name, action}), nil
}

// ownersPatch is a merge patch with the owners of an object, and with the data of a Secret.
func ownersPatch(owners []metav1.OwnerReference, data map[string][]byte) []byte {
	patch := map[string]any{"metadata": map[string]any{"ownerReferences": owners}}
	if data != nil {
		patch["data"] = data
	}
	text, err := json.Marshal(patch)
	if err != nil {
		panic(err) // strings and bytes have a JSON form
	}
	return text
}

func patch() metav1.PatchOptions { return metav1.PatchOptions{FieldManager: fieldManager} }

// removeEarlier deletes the objects that the CronJob has used before its update, and does not use now. If a
// run is not over, its next pod may need these objects, and they stay.
func (r Runner) removeEarlier(ctx context.Context, before *batchv1.CronJob, now []Change) ([]Change, error) {
	action := Deleted
	if len(before.Status.Active) > 0 {
		action = Kept
	}
	var earlier []Change
	add := func(kind string, names []string) {
		for _, name := range names {
			if !slices.ContainsFunc(now, func(c Change) bool { return c.Kind == kind && c.Name == name }) {
				earlier = append(earlier, Change{kind, name, action})
			}
		}
	}
	configs, secrets := incluster.OwnedByCronJob(before)
	add(configMapKind, configs)
	add(secretKind, secrets)
	if action == Kept {
		return earlier, nil
	}
	return earlier, r.deleteParts(ctx, earlier, Deleted)
}

// deleteParts deletes the ConfigMaps and Secrets with an action.
func (r Runner) deleteParts(ctx context.Context, changes []Change, action Action) error {
	var failures []error
	for _, c := range changes {
		if c.Action != action {
			continue
		}
		var err error
		if c.Kind == secretKind {
			err = r.failed("deleting", "the Secret "+c.Name, ignoreMissing(r.Client.CoreV1().Secrets(r.Namespace).Delete(ctx, c.Name, metav1.DeleteOptions{})))
		} else {
			err = r.failed("deleting", "the ConfigMap "+c.Name, ignoreMissing(r.Client.CoreV1().ConfigMaps(r.Namespace).Delete(ctx, c.Name, metav1.DeleteOptions{})))
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}
