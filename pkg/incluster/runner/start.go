package runner

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// Start creates the Job suspended, then the Secret and the ConfigMaps, which are owned by the Job, and
// resumes the Job. If an object cannot be created, the others are deleted.
func (r Runner) Start(ctx context.Context, spec incluster.Spec) (*batchv1.Job, error) {
	job, err := r.Client.BatchV1().Jobs(r.Namespace).Create(ctx, spec.Job(), create())
	if err != nil {
		return nil, r.failed("creating", "the Job "+spec.Name(), err)
	}
	owner := metav1.OwnerReference{APIVersion: "batch/v1", Kind: "Job", Name: job.Name, UID: job.UID}
	if err = r.createOwned(ctx, spec, owner); err == nil {
		job, err = r.suspend(ctx, job.Name, false)
	}
	if err != nil {
		clean, cancel := cleanup(ctx)
		defer cancel()
		return nil, errors.Join(err, r.remove(clean, spec.Job()))
	}
	return job, nil
}

func (r Runner) createOwned(ctx context.Context, spec incluster.Spec, owner metav1.OwnerReference) error {
	for _, config := range spec.ConfigMaps() {
		config.OwnerReferences = []metav1.OwnerReference{owner}
		if err := r.createConfigMap(ctx, config); err != nil {
			return err
		}
	}
	secret := spec.RegistrySecret()
	if secret == nil {
		return nil
	}
	secret.OwnerReferences = []metav1.OwnerReference{owner}
	api := r.Client.CoreV1().Secrets(r.Namespace)
	_, err := api.Create(ctx, secret, create())
	if apierrors.IsAlreadyExists(err) { // of an earlier Job with the same name
		if err = ignoreMissing(api.Delete(ctx, secret.Name, metav1.DeleteOptions{})); err == nil {
			_, err = api.Create(ctx, secret, create())
		}
	}
	return r.failed("creating", "the Secret "+secret.Name, err)
}

func (r Runner) createConfigMap(ctx context.Context, config *corev1.ConfigMap) error {
	api := r.Client.CoreV1().ConfigMaps(r.Namespace)
	_, err := api.Create(ctx, config, create())
	if apierrors.IsAlreadyExists(err) { // of an earlier Job with the same name
		if err = ignoreMissing(api.Delete(ctx, config.Name, metav1.DeleteOptions{})); err == nil {
			_, err = api.Create(ctx, config, create())
		}
	}
	return r.failed("creating", "the ConfigMap "+config.Name, err)
}

// suspend suspends or resumes a Job.
func (r Runner) suspend(ctx context.Context, name string, suspended bool) (*batchv1.Job, error) {
	doing := "resuming"
	if suspended {
		doing = "suspending"
	}
	job, err := r.Client.BatchV1().Jobs(r.Namespace).Patch(ctx, name, types.MergePatchType, suspension(suspended), metav1.PatchOptions{FieldManager: fieldManager})
	return job, r.failed(doing, "the Job "+name, err)
}

func suspension(suspended bool) []byte { return fmt.Appendf(nil, `{"spec":{"suspend":%t}}`, suspended) }

func create() metav1.CreateOptions {
	return metav1.CreateOptions{FieldManager: fieldManager, FieldValidation: metav1.FieldValidationStrict}
}

func ignoreMissing(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
