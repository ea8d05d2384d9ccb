package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// part is a ConfigMap or the Secret of a CronJob. patch is what an object that exists still lacks; nil:
// nothing.
type part struct {
	Change
	patch []byte
}

// createParts creates the ConfigMaps and the Secret of a CronJob. Objects that exist are not changed here,
// and must be those of this plugin. The parts that were created are also returned with an error.
func (r Runner) createParts(ctx context.Context, spec incluster.Spec, cron *batchv1.CronJob) ([]part, error) {
	owner := metav1.OwnerReference{APIVersion: "batch/v1", Kind: "CronJob", Name: cron.Name, UID: cron.UID}
	var parts []part
	for _, config := range spec.ConfigMaps() {
		config.OwnerReferences = []metav1.OwnerReference{owner}
		p, err := r.createConfigMapPart(ctx, spec, config)
		if err != nil {
			return parts, err
		}
		parts = append(parts, p)
	}
	secret := spec.RegistrySecret()
	if secret == nil {
		return parts, nil
	}
	secret.OwnerReferences = []metav1.OwnerReference{owner}
	p, err := r.createSecretPart(ctx, spec, secret)
	if err != nil {
		return parts, err
	}
	return append(parts, p), nil
}

// createConfigMapPart creates a ConfigMap, or takes one with the same content.
func (r Runner) createConfigMapPart(ctx context.Context, spec incluster.Spec, config *corev1.ConfigMap) (part, error) {
	p := part{Change: Change{configMapKind, config.Name, Created}}
	found, err := createOrFind(ctx, r, r.Client.CoreV1().ConfigMaps(r.Namespace), p.Change, config)
	switch {
	case err != nil || found == nil:
		return p, err
	case !incluster.Managed(found.Labels, spec.Target) || !sameContent(found, config):
		return p, r.foreign("ConfigMap", config.Name, "its labels or its content differ")
	}
	p.Action, p.patch = Unchanged, partPatch(found.ObjectMeta, config.OwnerReferences, nil)
	return p, nil
}

// createSecretPart creates the Secret, or takes the one of this plugin, whose credentials may differ.
func (r Runner) createSecretPart(ctx context.Context, spec incluster.Spec, secret *corev1.Secret) (part, error) {
	p := part{Change: Change{secretKind, secret.Name, Created}}
	found, err := createOrFind(ctx, r, r.Client.CoreV1().Secrets(r.Namespace), p.Change, secret)
	switch {
	case err != nil || found == nil:
		return p, err
	case !incluster.Managed(found.Labels, spec.Target) || found.Type != secret.Type:
		return p, r.foreign("Secret", secret.Name, "its labels or its type differ")
	case bytes.Equal(found.Data[corev1.DockerConfigJsonKey], secret.Data[corev1.DockerConfigJsonKey]):
		p.Action, p.patch = Unchanged, partPatch(found.ObjectMeta, secret.OwnerReferences, nil)
	default:
		p.Action, p.patch = Configured, partPatch(found.ObjectMeta, secret.OwnerReferences, secret.Data)
	}
	return p, nil
}

// objects are the requests for objects of one kind.
type objects[T any] interface {
	Create(ctx context.Context, object T, options metav1.CreateOptions) (T, error)
	Patch(ctx context.Context, name string, kind types.PatchType, data []byte, options metav1.PatchOptions, subresources ...string) (T, error)
}

// createOrFind creates an object and returns nil, or returns the object that has its name already. A patch
// that changes nothing reads this object, so that no right to read Secrets is needed.
func createOrFind[T any](ctx context.Context, r Runner, api objects[*T], p Change, object *T) (*T, error) {
	_, err := api.Create(ctx, object, create())
	if !apierrors.IsAlreadyExists(err) {
		return nil, r.failed("creating", p.object(), err)
	}
	found, err := api.Patch(ctx, p.Name, types.MergePatchType, []byte("{}"), patch())
	if err != nil {
		return nil, r.failed("updating", p.object(), err)
	}
	return found, nil
}

// sameContent reports whether a ConfigMap has the content of another one, and cannot be changed.
func sameContent(found, wanted *corev1.ConfigMap) bool {
	return found.Immutable != nil && *found.Immutable && maps.Equal(found.Data, wanted.Data) && maps.EqualFunc(found.BinaryData, wanted.BinaryData, bytes.Equal)
}

// partPatch is a strategic merge patch that adds owners to an object, and replaces data of a Secret. The
// API server refuses the patch if another object has taken the name. If nothing changes, partPatch returns
// nil.
func partPatch(found metav1.ObjectMeta, owners []metav1.OwnerReference, data map[string][]byte) []byte {
	owned := slices.ContainsFunc(found.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == owners[0].UID })
	if owned && data == nil {
		return nil
	}
	patch := map[string]any{"metadata": map[string]any{"uid": found.UID, "ownerReferences": owners}}
	if data != nil {
		patch["data"] = data
	}
	text, err := json.Marshal(patch)
	if err != nil {
		panic(err) // strings and bytes have a JSON form
	}
	return text
}

// patchParts changes the parts that exist, and returns the changes that were made.
func (r Runner) patchParts(ctx context.Context, parts []part) ([]Change, error) {
	var changes []Change
	var failures []error
	for _, p := range parts {
		if err := r.patchPart(ctx, p); err != nil {
			failures = append(failures, err)
			continue
		}
		changes = append(changes, p.Change)
	}
	return changes, errors.Join(failures...)
}

func (r Runner) patchPart(ctx context.Context, p part) error {
	var err error
	switch {
	case p.patch == nil:
	case p.Kind == secretKind:
		_, err = r.Client.CoreV1().Secrets(r.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, p.patch, patch())
	default:
		_, err = r.Client.CoreV1().ConfigMaps(r.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, p.patch, patch())
	}
	return r.failed("updating", p.object(), err)
}

func patch() metav1.PatchOptions { return metav1.PatchOptions{FieldManager: fieldManager} }

// created are the changes of the parts that did not exist before.
func created(parts []part) []Change {
	var changes []Change
	for _, p := range parts {
		if p.Action == Created {
			changes = append(changes, p.Change)
		}
	}
	return changes
}

// deleteParts deletes ConfigMaps and Secrets, and returns what was deleted and what stays.
func (r Runner) deleteParts(ctx context.Context, parts []Change) ([]Change, error) {
	var changes []Change
	var failures []error
	for _, c := range parts {
		c.Action = Deleted
		if err := r.deletePart(ctx, c); err != nil {
			failures = append(failures, err)
			c.Action = Kept
		}
		changes = append(changes, c)
	}
	return changes, errors.Join(failures...)
}

func (r Runner) deletePart(ctx context.Context, c Change) error {
	var err error
	if c.Kind == secretKind {
		err = r.Client.CoreV1().Secrets(r.Namespace).Delete(ctx, c.Name, metav1.DeleteOptions{})
	} else {
		err = r.Client.CoreV1().ConfigMaps(r.Namespace).Delete(ctx, c.Name, metav1.DeleteOptions{})
	}
	return r.failed("deleting", c.object(), ignoreMissing(err))
}
