package runner_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
)

// live are the CronJob of the plan a, and its objects.
func live() []runtime.Object {
	s := cronSpec("a")
	cron := s.CronJob()
	cron.UID = "cron-1"
	return []runtime.Object{cron, s.ConfigMaps()[0], s.ConfigMaps()[1], s.RegistrySecret()}
}

// run is a Job of a CronJob.
func run(owner types.UID, conditions ...batchv1.JobCondition) *batchv1.Job {
	job := &batchv1.Job{Status: batchv1.JobStatus{Conditions: conditions}}
	job.Namespace, job.Name = namespace, "run"
	job.OwnerReferences = []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "CronJob", Name: cronSpec("a").Name(), UID: owner}}
	return job
}

// The next pod of a run that is not over needs the earlier plan. The status of the CronJob need not have this
// run: `kubectl create job --from` starts one, too.
func TestEarlierPlanStaysWithItsRun(t *testing.T) {
	plan, _, secret := parts(cronSpec("a"))
	for _, c := range []struct {
		name   string
		job    *batchv1.Job
		action string
	}{
		{"a run", run("cron-1"), " kept"},
		{"a run that is suspended", run("cron-1", batchv1.JobCondition{Type: batchv1.JobSuspended, Status: corev1.ConditionTrue}), " kept"},
		{"a run that is over", run("cron-1", batchv1.JobCondition{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}), " deleted"},
		{"a run of another CronJob", run("cron-2"), " deleted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, client := newRunner(append(live(), c.job)...)
			got := applied(t, r, cronSpec("b"))
			want := 5 // the Job, and what the CronJob has now
			if c.action == " kept" {
				want = 7
			}
			if diff := cmp.Diff([]string{plan + c.action, secret + c.action}, got[len(got)-2:]); diff != "" || len(left(t, client)) != want {
				t.Error(diff, left(t, client))
			}
		})
	}
}

// What could not be deleted is not said to be deleted.
func TestEarlierPlanThatCannotBeDeleted(t *testing.T) {
	refusal := apierrors.NewForbidden(schema.GroupResource{}, "x", errors.New("no right"))
	for _, c := range []struct {
		verb, resource string
		plan, secret   runner.Action
	}{
		{"delete", "secrets", runner.Deleted, runner.Kept},
		{"delete", "configmaps", runner.Kept, runner.Deleted},
		{"list", "jobs", runner.Kept, runner.Kept}, // a run may need the objects
	} {
		t.Run(c.verb+" "+c.resource, func(t *testing.T) {
			r, client := newRunner(live()...)
			client.PrependReactor(c.verb, c.resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refusal })
			changes, err := r.ApplyCron(t.Context(), cronSpec("b"))
			if !errors.Is(err, refusal) {
				t.Errorf("got %v", err)
			}
			want := []runner.Change{
				{Kind: "configmap", Name: cronSpec("a").ConfigMaps()[0].Name, Action: c.plan},
				{Kind: "secret", Name: cronSpec("a").RegistrySecret().Name, Action: c.secret},
			}
			if diff := cmp.Diff(want, changes[len(changes)-2:]); diff != "" {
				t.Error(diff)
			}
		})
	}
}
