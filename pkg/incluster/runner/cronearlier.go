package runner

import (
	"context"
	"slices"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// removeEarlier deletes the objects that the CronJob has used before its update, and does not use now. If a
// run is not over, its next pod may need these objects, and they stay.
func (r Runner) removeEarlier(ctx context.Context, before *batchv1.CronJob, now []part) ([]Change, error) {
	action := Deleted
	if len(before.Status.Active) > 0 {
		action = Kept
	}
	var earlier []Change
	add := func(kind string, names []string) {
		for _, name := range names {
			if !slices.ContainsFunc(now, func(p part) bool { return p.Kind == kind && p.Name == name }) {
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
