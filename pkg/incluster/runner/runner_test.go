package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
)

const namespace = "kubermatic"

func spec() incluster.Spec {
	return incluster.Spec{
		Namespace: namespace, Target: "registry.example.com/kkp", Digest: "sha256:" + strings.Repeat("a", 64),
		Plan: []incluster.File{{Name: "part-000", Data: []byte{1}}}, Image: "registry.example.com/plugin", Shards: 1,
		DockerConfig: []byte(`{"auths":{}}`), CA: []byte("PEM"),
	}
}

func newRunner(objects ...runtime.Object) (runner.Runner, *fake.Clientset) {
	client := fake.NewClientset(objects...)
	return runner.Runner{Client: client, Namespace: namespace, Cluster: "the master cluster", Interval: time.Millisecond}, client
}

// left are the kinds of the objects in the namespace, with their names.
func left(t *testing.T, client *fake.Clientset) []string {
	t.Helper()
	var names []string
	jobs, err := client.BatchV1().Jobs(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range jobs.Items {
		names = append(names, "job/"+job.Name)
	}
	crons, err := client.BatchV1().CronJobs(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, cron := range crons.Items {
		names = append(names, "cronjob/"+cron.Name)
	}
	secrets, err := client.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets.Items {
		names = append(names, "secret/"+secret.Name)
	}
	configs, err := client.CoreV1().ConfigMaps(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range configs.Items {
		names = append(names, "configmap/"+config.Name)
	}
	return names
}

func TestStart(t *testing.T) {
	r, client := newRunner()
	var suspended []bool
	client.PrependReactor("create", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if job, ok := action.(clienttesting.CreateAction).GetObject().(*batchv1.Job); ok {
			suspended = append(suspended, *job.Spec.Suspend)
			job.UID = "1"
		}
		return false, nil, nil
	})
	job, err := r.Start(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(suspended, []bool{true}) || *job.Spec.Suspend {
		t.Errorf("suspended when created: %v, at the end: %t", suspended, *job.Spec.Suspend)
	}
	name := spec().Name()
	want := []string{"job/" + name, "secret/" + name, "configmap/" + name + "-ca", "configmap/" + name + "-plan-0"}
	if diff := cmp.Diff(want, left(t, client)); diff != "" {
		t.Error(diff)
	}
	secret, err := client.CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil || len(secret.OwnerReferences) != 1 || secret.OwnerReferences[0].UID != "1" {
		t.Errorf("%+v, %v", secret.OwnerReferences, err)
	}
	found, err := r.Find(t.Context(), spec().Digest, spec().Target)
	if err != nil || found == nil || found.Name != name {
		t.Errorf("%v, %v", found, err)
	}
	if found, err := r.Find(t.Context(), spec().Digest, "elsewhere"); found != nil || err != nil {
		t.Errorf("%v, %v", found, err)
	}
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	if err := r.Remove(t.Context(), job); err != nil {
		t.Error(err)
	}
	if names := left(t, client); len(names) > 0 {
		t.Error(names)
	}
}

// Whatever cannot be created, nothing is left of the rest.
func TestNothingIsLeftOfAJobThatCannotStart(t *testing.T) {
	for _, c := range []struct{ verb, resource, want string }{
		{"create", "jobs", "creating the Job " + spec().Name()},
		{"create", "secrets", "creating the Secret " + spec().Name()},
		{"create", "configmaps", "creating the ConfigMap " + spec().Name() + "-plan-0"},
		{"patch", "jobs", "resuming the Job " + spec().Name()},
	} {
		t.Run(c.verb+" "+c.resource, func(t *testing.T) {
			r, client := newRunner()
			client.PrependReactor(c.verb, c.resource, func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: c.resource}, "x", errors.New("no right"))
			})
			_, err := r.Start(t.Context(), spec())
			if err == nil || !strings.HasPrefix(err.Error(), c.want+" in the namespace kubermatic of the master cluster: ") || !strings.Contains(err.Error(), "--job-namespace") {
				t.Errorf("got %v", err)
			}
			if names := left(t, client); len(names) > 0 {
				t.Error(names)
			}
		})
	}
}

// The objects of an earlier Job of the same name, which were not deleted with it, are replaced.
func TestStartReplacesWhatIsLeft(t *testing.T) {
	old := spec().ConfigMaps()[0]
	old.BinaryData["part-000"] = []byte("old")
	secret := spec().RegistrySecret()
	secret.Data[corev1.DockerConfigJsonKey] = []byte("old")
	r, client := newRunner(old, secret)
	if _, err := r.Start(t.Context(), spec()); err != nil {
		t.Fatal(err)
	}
	config, err := client.CoreV1().ConfigMaps(namespace).Get(t.Context(), old.Name, metav1.GetOptions{})
	if err != nil || string(config.BinaryData["part-000"]) != "\x01" {
		t.Errorf("%q, %v", config.BinaryData, err)
	}
}

// A Job that runs is suspended first, so that its pods end.
func TestRemoveEndsThePods(t *testing.T) {
	job := spec().Job()
	job.Spec.Suspend = new(false)
	job.Status.Active = 1
	r, client := newRunner(job)
	looks := 0
	client.PrependReactor("get", "jobs", func(clienttesting.Action) (bool, runtime.Object, error) {
		looks++
		state := job.DeepCopy()
		if looks > 2 {
			state.Status.Active = 0
		}
		return true, state, nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // as after an interrupt
	if err := r.Remove(ctx, job); err != nil {
		t.Fatal(err)
	}
	var verbs []string
	for _, action := range client.Actions() {
		if action.GetResource().Resource == "jobs" {
			verbs = append(verbs, action.GetVerb())
		}
	}
	if diff := cmp.Diff([]string{"patch", "get", "get", "get", "delete"}, verbs); diff != "" {
		t.Error(diff)
	}
}

// Whoever may create Jobs can give a Job the labels that a command looks for. The command deletes no Secret
// of others for such a Job, with the rights of its user.
func TestRemoveKeepsSecretsOfOthers(t *testing.T) {
	job := spec().Job()
	job.Name = "x"
	job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue}}
	var secrets []runtime.Object
	for _, name := range []string{"x", "x-prod"} {
		secrets = append(secrets, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}})
		job.Spec.Template.Spec.Volumes = append(job.Spec.Template.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			Secret: &corev1.SecretVolumeSource{SecretName: name},
		}})
	}
	r, client := newRunner(append(secrets, job)...)
	found, err := r.Find(t.Context(), spec().Digest, spec().Target)
	if err != nil || found == nil {
		t.Fatal(found, err)
	}
	if err := r.Remove(t.Context(), found); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"secret/x", "secret/x-prod"}, left(t, client)); diff != "" {
		t.Error(diff)
	}
}
