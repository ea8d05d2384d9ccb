package runner_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

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

var cronJobs = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "cronjobs"}

func cronSpec(plan string) incluster.Spec {
	s := spec()
	s.Schedule = "0 2 * * *"
	s.Digest = "sha256:" + strings.Repeat(plan, 64)
	s.Plan[0].Data = []byte(plan)
	return s
}

// applied runs ApplyCron, and returns its changes as lines.
func applied(t *testing.T, r runner.Runner, s incluster.Spec) []string {
	t.Helper()
	changes, err := r.ApplyCron(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range changes {
		lines = append(lines, c.Kind+"/"+c.Name+" "+string(c.Action))
	}
	return lines
}

// parts are the names of the objects of a Spec: the plan, the certificates and the Secret.
func parts(s incluster.Spec) (plan, ca, secret string) {
	configs := s.ConfigMaps()
	return "configmap/" + configs[0].Name, "configmap/" + configs[1].Name, "secret/" + s.RegistrySecret().Name
}

// stored is a ConfigMap or a Secret as the client has it.
func stored(t *testing.T, client *fake.Clientset, object runtime.Object) runtime.Object {
	t.Helper()
	resource := "configmaps"
	if _, ok := object.(*corev1.Secret); ok {
		resource = "secrets"
	}
	found, err := client.Tracker().Get(schema.GroupVersionResource{Version: "v1", Resource: resource}, namespace, object.(metav1.Object).GetName())
	if err != nil {
		t.Fatal(err)
	}
	found = found.DeepCopyObject()
	found.(metav1.Object).SetManagedFields(nil)
	return found
}

// checkEachStep expects before each request that a CronJob which can run has all of its objects.
func checkEachStep(t *testing.T, client *fake.Clientset) {
	t.Helper()
	tracker := client.Tracker()
	has := func(resource, name string) bool {
		_, err := tracker.Get(schema.GroupVersionResource{Version: "v1", Resource: resource}, namespace, name)
		return err == nil
	}
	client.PrependReactor("*", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		found, _ := tracker.Get(cronJobs, namespace, cronSpec("a").Name())
		cron, exists := found.(*batchv1.CronJob)
		if !exists || cron.Spec.Suspend != nil && *cron.Spec.Suspend {
			return false, nil, nil
		}
		configs, secrets := incluster.OwnedByCronJob(cron)
		if len(configs) != 2 || len(secrets) != 1 ||
			slices.ContainsFunc(configs, func(name string) bool { return !has("configmaps", name) }) || !has("secrets", secrets[0]) {
			t.Errorf("before %s %s, the CronJob needs %v, %v", action.GetVerb(), action.GetResource().Resource, configs, secrets)
		}
		return false, nil, nil
	})
}

func TestCronJobIsCreatedAndUpdated(t *testing.T) {
	r, client := newRunner()
	checkEachStep(t, client)
	first, second := cronSpec("a"), cronSpec("b")
	cron := "cronjob.batch/" + first.Name()
	plan, ca, secret := parts(first)
	if diff := cmp.Diff([]string{cron + " created", plan + " created", ca + " created", secret + " created"}, applied(t, r, first)); diff != "" {
		t.Error(diff)
	}

	newPlan, sameCA, newSecret := parts(second)
	want := []string{cron + " configured", newPlan + " created", sameCA + " unchanged", newSecret + " created", plan + " deleted", secret + " deleted"}
	second.Schedule = "0 3 * * *"
	got := applied(t, r, second)
	got[0] = strings.Replace(got[0], "unchanged", "configured", 1) // the fake client has no versions of objects
	if diff := cmp.Diff(want, got); diff != "" || ca != sameCA {
		t.Error(diff)
	}
	made, err := client.BatchV1().CronJobs(namespace).Get(t.Context(), first.Name(), metav1.GetOptions{})
	if err != nil || made.Spec.Schedule != "0 3 * * *" || made.Annotations[incluster.PlanAnnotation] != second.Digest {
		t.Errorf("%+v, %v", made, err)
	}
	if names := left(t, client); len(names) != 4 {
		t.Error(names)
	}
}

// A changed password reaches the Secret that the CronJob uses.
func TestCronJobGetsNewCredentials(t *testing.T) {
	r, client := newRunner()
	checkEachStep(t, client)
	s := cronSpec("a")
	applied(t, r, s)
	s.DockerConfig = []byte(`{"auths":{"registry.example.com":{}}}`)
	applied(t, r, s)
	secret, err := client.CoreV1().Secrets(namespace).Get(t.Context(), s.RegistrySecret().Name, metav1.GetOptions{})
	if err != nil || string(secret.Data[corev1.DockerConfigJsonKey]) != string(s.DockerConfig) || secret.Immutable == nil || *secret.Immutable {
		t.Errorf("%+v, %v", secret, err)
	}
}

// An object that cannot be created leaves nothing of a new CronJob, and all of an existing one.
func TestCronJobThatCannotBeApplied(t *testing.T) {
	refusal := apierrors.NewForbidden(schema.GroupResource{}, "x", errors.New("no right"))
	for _, c := range []struct {
		verb, resource string
		err            error
		exists         bool // the CronJob, before
		left           int  // objects
	}{
		{"create", "cronjobs", refusal, false, 0},
		{"create", "secrets", refusal, false, 0},
		{"patch", "cronjobs", refusal, false, 0},
		{"create", "secrets", refusal, true, 4},
		{"update", "cronjobs", refusal, true, 4},
		{"update", "cronjobs", errors.New("the connection was lost"), true, 6}, // the update may have been made
	} {
		t.Run(c.verb+" "+c.resource+" "+c.err.Error(), func(t *testing.T) {
			r, client := newRunner()
			if c.exists {
				applied(t, r, cronSpec("a"))
			}
			checkEachStep(t, client)
			client.PrependReactor(c.verb, c.resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, c.err })
			if _, err := r.ApplyCron(t.Context(), cronSpec("b")); !errors.Is(err, c.err) {
				t.Errorf("got %v", err)
			}
			if names := left(t, client); len(names) != c.left {
				t.Error(names)
			}
		})
	}
}

// If the answer to the patch that resumes a CronJob is lost, the CronJob can run until it is deleted, and needs
// its objects.
func TestCronJobIsResumedAndTheAnswerIsLost(t *testing.T) {
	for _, deletable := range []bool{true, false} {
		r, client := newRunner()
		checkEachStep(t, client)
		lost, refusal := errors.New("the connection was lost"), apierrors.NewForbidden(schema.GroupResource{}, "x", errors.New("no right"))
		client.PrependReactor("create", "cronjobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
			action.(clienttesting.CreateAction).GetObject().(*batchv1.CronJob).UID = "cron-1"
			return false, nil, nil
		})
		client.PrependReactor("patch", "cronjobs", func(clienttesting.Action) (bool, runtime.Object, error) {
			cron := cronSpec("a").CronJob() // not suspended
			cron.UID = "cron-1"
			return true, nil, errors.Join(lost, client.Tracker().Update(cronJobs, cron, namespace))
		})
		client.PrependReactor("delete", "cronjobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
			options := action.(clienttesting.DeleteActionImpl).DeleteOptions
			if options.Preconditions == nil || options.Preconditions.UID == nil || *options.Preconditions.UID != "cron-1" {
				t.Errorf("deleted with %+v", options)
			}
			return !deletable, nil, refusal
		})
		want := 0
		if !deletable {
			want = 4
		}
		if _, err := r.ApplyCron(t.Context(), cronSpec("a")); !errors.Is(err, lost) || errors.Is(err, refusal) == deletable {
			t.Errorf("got %v", err)
		}
		if names := left(t, client); len(names) != want {
			t.Error(names)
		}
	}
}

func TestCronJobOfOthers(t *testing.T) {
	other := cronSpec("a").CronJob()
	other.Labels = nil
	r, client := newRunner(other)
	var foreign *runner.ForeignError
	if _, err := r.ApplyCron(t.Context(), cronSpec("a")); !errors.As(err, &foreign) || len(left(t, client)) != 1 {
		t.Errorf("got %v, %v", err, left(t, client))
	}
}
