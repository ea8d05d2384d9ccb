package runner

import (
	"context"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// removeEarlier deletes the objects that the CronJob has used before its update, and does not use now. If a
// run is not over, its next pod may need these objects, and they stay.
func (r Runner) removeEarlier(ctx context.Context, before []*batchv1.CronJob, now []part) ([]Change, error) {
	earlier := earlierParts(before, now)
	if len(earlier) == 0 {
		return nil, nil
	}
	if running, err := r.running(ctx, before[0]); running || err != nil {
		return earlier, err
	}
	return r.deleteParts(ctx, earlier)
}

// earlierParts returns the objects of earlier versions of a CronJob that are not among its parts now, as kept.
func earlierParts(before []*batchv1.CronJob, now []part) []Change {
	var earlier []Change
	for _, cron := range before {
		for _, is := range keptParts(incluster.OwnedByCronJob(cron)) {
			if !slices.Contains(earlier, is) && !slices.ContainsFunc(now, func(p part) bool { return p.Kind == is.Kind && p.Name == is.Name }) {
				earlier = append(earlier, is)
			}
		}
	}
	return earlier
}

// keptParts returns ConfigMaps and Secrets, as kept: deleteParts deletes them.
func keptParts(configMaps, secrets []string) []Change {
	var parts []Change
	for _, name := range configMaps {
		parts = append(parts, Change{configMapKind, name, Kept})
	}
	for _, name := range secrets {
		parts = append(parts, Change{secretKind, name, Kept})
	}
	return parts
}

// running reports whether a Job of a CronJob is not over. The status of the CronJob lacks Jobs of
// `kubectl create job --from`, and those of the last moment.
func (r Runner) running(ctx context.Context, cron *batchv1.CronJob) (bool, error) {
	jobs, err := r.Client.BatchV1().Jobs(r.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, r.failed("looking for", "a run of the CronJob "+cron.Name, err)
	}
	return slices.ContainsFunc(jobs.Items, func(job batchv1.Job) bool {
		return !finished(&job) && slices.ContainsFunc(job.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == cron.UID })
	}), nil
}
