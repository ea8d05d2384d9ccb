package runner

import (
	"context"
	"encoding/json"
	"errors"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

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
