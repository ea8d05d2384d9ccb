package incluster

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Exit codes of sync in a pod, as documented by the command.
const (
	exitFailed  = 1 // such as a wrong password at the target: a second pod would fail, too
	exitUsage   = 2
	exitPartial = 3 // some images could not be copied
)

const (
	// attempts is the number of further pods after a pod that failed: a registry that was down gets a
	// second chance. Pods that Kubernetes has evicted do not count.
	attempts = 1
	// keptFor is how long a finished Job stays, for its report and its logs.
	keptFor = time.Hour
	// startWithin is how late a CronJob may start a run that it has missed.
	startWithin = time.Hour
	// history is the number of finished Jobs of a CronJob that stay, for each outcome.
	history = 3
)

// Job returns the Job, suspended: its pods must not start before their Secret and ConfigMaps exist.
func (s Spec) Job() *batchv1.Job {
	spec := s.jobSpec()
	spec.Suspend = new(true)
	spec.TTLSecondsAfterFinished = new(int32(keptFor.Seconds()))
	return &batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: s.meta(s.Name()),
		Spec:       spec,
	}
}

// CronJob returns the CronJob for a Spec with a schedule. A run that is not over when the next one is
// due is not disturbed.
func (s Spec) CronJob() *batchv1.CronJob {
	return &batchv1.CronJob{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "CronJob"},
		ObjectMeta: s.meta(s.Name()),
		Spec: batchv1.CronJobSpec{
			Schedule:                   s.Schedule,
			ConcurrencyPolicy:          batchv1.ForbidConcurrent,
			StartingDeadlineSeconds:    new(int64(startWithin.Seconds())),
			SuccessfulJobsHistoryLimit: new(int32(history)),
			FailedJobsHistoryLimit:     new(int32(history)),
			JobTemplate: batchv1.JobTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: s.scheduledLabels(), Annotations: s.annotations()},
				Spec:       s.jobSpec(),
			},
		},
	}
}

// scheduledLabels are the labels of the Jobs of a CronJob. They lack those by which a command finds
// its own Job.
func (s Spec) scheduledLabels() map[string]string {
	return map[string]string{nameLabel: appName, managerLabel: managerName}
}

func (s Spec) jobSpec() batchv1.JobSpec {
	spec := batchv1.JobSpec{
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: s.scheduledLabels()},
			Spec:       s.podSpec(),
		},
		PodFailurePolicy: failurePolicy(),
	}
	if s.Window > 0 {
		spec.ActiveDeadlineSeconds = new(int64(s.Window.Seconds()))
	}
	if s.shards() == 1 {
		spec.BackoffLimit = new(int32(attempts))
		return spec
	}
	shards := int32(s.shards())
	spec.CompletionMode = new(batchv1.IndexedCompletion)
	spec.Completions, spec.Parallelism = &shards, &shards
	spec.BackoffLimitPerIndex = new(int32(attempts))
	return spec
}

// failurePolicy fails the Job at once if another pod would fail for the same reason, and does not
// count pods that Kubernetes has evicted. A pod that has copied some of the images (exit code 3), or
// was killed, counts, and is followed by another one, which continues.
func failurePolicy() *batchv1.PodFailurePolicy {
	return &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{
		{
			Action: batchv1.PodFailurePolicyActionIgnore,
			OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{
				{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue},
			},
		},
		{
			Action: batchv1.PodFailurePolicyActionFailJob,
			OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{
				ContainerName: new(Container), Operator: batchv1.PodFailurePolicyOnExitCodesOpIn, Values: []int32{exitFailed, exitUsage},
			},
		},
		{
			Action: batchv1.PodFailurePolicyActionCount,
			OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{
				ContainerName: new(Container), Operator: batchv1.PodFailurePolicyOnExitCodesOpIn, Values: []int32{exitPartial},
			},
		},
	}}
}
