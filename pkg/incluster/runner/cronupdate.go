package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// updates bounds the updates of a CronJob that are sent, after conflicts and lost connections.
const updates = 5

func (r Runner) updateCron(ctx context.Context, spec incluster.Spec, existing *batchv1.CronJob) ([]Change, error) {
	parts, err := r.createParts(ctx, spec, existing)
	update := cronUpdate{Runner: r, spec: spec}
	if err == nil {
		err = update.run(ctx, existing)
	}
	ctx, cancel := cleanup(ctx) // the CronJob is as it was or as it will be: what follows is not interrupted
	defer cancel()
	switch {
	case err != nil && update.uncertain:
		return nil, update.explain(err, parts)
	case err != nil:
		_, failure := r.deleteParts(ctx, created(parts))
		return nil, errors.Join(err, failure)
	}
	changes, err := r.patchParts(ctx, parts)
	changes = append([]Change{{cronJobKind, existing.Name, update.action}}, changes...)
	earlier, failure := r.removeEarlier(ctx, update.before, parts)
	return append(changes, earlier...), errors.Join(err, failure)
}

// cronUpdate changes a CronJob to a Spec.
type cronUpdate struct {
	Runner
	spec   incluster.Spec
	before []*batchv1.CronJob // the versions that were to be changed
	action Action

	uncertain bool // the answer to an update was lost: the update may have been made
}

// run updates the CronJob. Kubernetes changes the status of a CronJob at any time, so that an update can be in
// conflict with this change. After a conflict and after a lost answer, the CronJob is read and updated
// again: an update that was made already changes nothing then. Once an update is sent, an interrupt must
// not leave open which list the CronJob has.
func (u *cronUpdate) run(ctx context.Context, cron *batchv1.CronJob) error {
	if err := ctx.Err(); err != nil {
		return u.failed("updating", "the CronJob "+cron.Name, err)
	}
	err := u.send(ctx, cron)
	ctx, cancel := cleanup(ctx)
	defer cancel()
	for sent := 1; err != nil && sent < updates && (!refused(err) || apierrors.IsConflict(err)); sent++ {
		u.sleep(ctx)
		again, failure := u.readAgain(ctx)
		if failure != nil {
			return errors.Join(err, failure)
		}
		err = u.send(ctx, again)
	}
	return err
}

func (u *cronUpdate) send(ctx context.Context, cron *batchv1.CronJob) error {
	u.before = append(u.before, cron)
	options := metav1.UpdateOptions{FieldManager: fieldManager, FieldValidation: metav1.FieldValidationStrict}
	updated, err := u.Client.BatchV1().CronJobs(u.Namespace).Update(ctx, withSpec(cron, u.spec), options)
	if err != nil {
		u.uncertain = u.uncertain || !refused(err)
		return u.failed("updating", "the CronJob "+cron.Name, err)
	}
	u.action = Configured
	if updated.ResourceVersion == cron.ResourceVersion && !u.uncertain {
		u.action = Unchanged
	}
	return nil
}

// readAgain reads the CronJob. One that was created since belongs to another command, which may use the parts.
func (u *cronUpdate) readAgain(ctx context.Context) (*batchv1.CronJob, error) {
	cron, err := u.managedCron(ctx, u.spec)
	if err == nil && cron.UID != u.before[0].UID {
		u.uncertain = true
		return nil, fmt.Errorf("the CronJob %s in the namespace %s of %s was deleted and created again during the update", cron.Name, u.Namespace, u.Cluster)
	}
	return cron, err
}

// explain adds to the error of an uncertain update what to do: the CronJob may refer to its earlier objects or
// to the new ones.
func (u *cronUpdate) explain(err error, now []part) error {
	text := "It is not known whether the CronJob was changed. Run the same command again"
	if earlier := earlierParts(u.before, now); len(earlier) > 0 {
		var names []string
		for _, c := range earlier {
			names = append(names, c.Kind+"/"+c.Name)
		}
		text += ". If that command does not delete these objects of the earlier CronJob, delete them: " + strings.Join(names, " ")
	}
	return fmt.Errorf("%w\n%s", err, text)
}

// withSpec returns a CronJob with the labels, the annotations and the content for a Spec.
func withSpec(cron *batchv1.CronJob, spec incluster.Spec) *batchv1.CronJob {
	wanted, updated := spec.CronJob(), cron.DeepCopy()
	maps.Copy(updated.Labels, wanted.Labels)
	if updated.Annotations == nil {
		updated.Annotations = map[string]string{}
	}
	maps.Copy(updated.Annotations, wanted.Annotations)
	updated.Spec = wanted.Spec
	return updated
}
