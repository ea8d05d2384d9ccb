package incluster_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// owned returns the objects of a Spec that are found again from the pods of its Job or CronJob.
func owned(s incluster.Spec) (configs, secrets []string) {
	if s.Schedule != "" {
		return incluster.OwnedByCronJob(s.CronJob())
	}
	return incluster.OwnedByJob(s.Job())
}

// What a Job or a CronJob owns is found again from its pods. A Secret of the user is not among that, also
// with a name that begins with that of the Job.
func TestOwned(t *testing.T) {
	for _, schedule := range []string{"", "0 2 * * *"} {
		s := spec()
		s.Schedule, s.DockerConfig, s.CA = schedule, []byte(`{}`), []byte("PEM")
		var want []string
		for _, config := range s.ConfigMaps() {
			want = append(want, config.Name)
		}
		configs, secrets := owned(s)
		if diff := cmp.Diff(want, configs); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{s.RegistrySecret().Name}, secrets); diff != "" {
			t.Error(diff)
		}
		for _, s.Secret = range []string{"mine", s.Name() + "-mine"} {
			if _, secrets := owned(s); len(secrets) > 0 || s.RegistrySecret() != nil {
				t.Errorf("the Secret of the user would be deleted: %v", secrets)
			}
		}
	}
}

// A Job and a CronJob of others can have the labels of this package, and mount any object.
func TestOwnedByOthers(t *testing.T) {
	const scheduled = "kkp-mirror-sync-0123456789" // also the name of a CronJob
	for _, c := range []struct{ job, secret, config string }{
		{"x", "x", "x-ca"},
		{"x", "x-prod", "x-plan-0"},
		{scheduled, scheduled + "-0123456789", scheduled + "-0123456789-ca"},
		{scheduled, scheduled + "-prod", scheduled + "-plan-00"},
		{scheduled, "kkp-mirror-sync-9876543210", "kkp-mirror-sync-9876543210-plan-1"},
		{"kkp-mirror-sync-production", "kkp-mirror-sync-production", scheduled + "-settings"},
	} {
		job := &batchv1.Job{}
		job.Name = c.job
		job.Spec.Template.Spec.Volumes = mounts(c.secret, c.config)
		if configs, secrets := incluster.OwnedByJob(job); len(configs) > 0 || len(secrets) > 0 {
			t.Errorf("%+v: the Job owns %v, %v", c, configs, secrets)
		}
	}
	cron := &batchv1.CronJob{}
	for _, name := range []string{"x", scheduled} {
		cron.Name = name
		cron.Spec.JobTemplate.Spec.Template.Spec.Volumes = mounts(name+"-prod", name+"-prod-ca")
		if configs, secrets := incluster.OwnedByCronJob(cron); len(configs) > 0 || len(secrets) > 0 {
			t.Errorf("the CronJob %s owns %v, %v", name, configs, secrets)
		}
	}
}

// mounts are the volumes of a pod that mounts a Secret and a ConfigMap.
func mounts(secret, config string) []corev1.Volume {
	return []corev1.Volume{
		{Name: "a", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secret}}},
		{Name: "b", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: config}}}},
	}
}
