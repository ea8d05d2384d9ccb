package plugin

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/plan"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// runJob copies with a Job of a cluster: it starts the Job, or finds the Job that an earlier command
// has started for the same images and the same target, and follows the Job to its end.
func (o syncOptions) runJob(ctx context.Context, p planned) error {
	if len(p.plan.Copies) == 0 {
		fmt.Fprintln(o.streams.ErrOut, "nothing to copy")
		return gapsError(p.inventory.Gaps)
	}
	packed, err := o.lock(ctx, p)
	if err != nil {
		return err
	}
	cluster, err := o.jobRunner(ctx)
	if err != nil {
		return err
	}
	if o.inCluster.Schedule != "" {
		return o.applyCronJob(ctx, p, packed, cluster)
	}
	job, err := o.findOrStart(ctx, p, packed, cluster)
	if err != nil {
		return err
	}
	if o.inCluster.Detach {
		fmt.Fprintf(o.streams.ErrOut, "To follow the Job, run the same command without --detach. To stop the Job:\n  %s\n", removeLine(cluster.Namespace, "job/"+job.Name))
		return nil
	}
	return o.followJob(ctx, p, cluster, job, packed.Shards)
}

// findOrStart returns the Job that copies the plan already, or starts one.
func (o syncOptions) findOrStart(ctx context.Context, p planned, packed plan.Plan, cluster runner.Runner) (*batchv1.Job, error) {
	job, err := cluster.Find(ctx, packed.Digest(), o.target.String())
	if err != nil {
		return nil, err
	}
	if job != nil {
		fmt.Fprintf(o.streams.ErrOut, "note: the Job %s in the namespace %s of %s, from %s, copies these images to this target already\n",
			job.Name, cluster.Namespace, cluster.Cluster, job.CreationTimestamp.UTC().Format("2006-01-02 15:04:05 UTC"))
		return job, nil
	}
	spec, err := o.jobSpec(ctx, p, packed, plan.PartSize)
	if err != nil {
		return nil, err
	}
	if job, err = cluster.Start(ctx, spec); err != nil {
		return nil, err
	}
	fmt.Fprintf(o.streams.ErrOut, "the Job %s was created in the namespace %s of %s\n", job.Name, cluster.Namespace, cluster.Cluster)
	return job, nil
}

// lock returns the plan for the pods. The gaps of the list stay here: errors of connections differ from
// run to run, and the plan must not.
func (o syncOptions) lock(ctx context.Context, p planned) (plan.Plan, error) {
	p.inventory.Gaps = nil
	packed, err := o.packed(ctx, p, o.inCluster.Shards)
	if err == nil {
		err = ctx.Err()
	}
	return packed, err
}

// applyCronJob creates or updates the CronJob that copies the plan on a schedule.
func (o syncOptions) applyCronJob(ctx context.Context, p planned, packed plan.Plan, cluster runner.Runner) error {
	spec, err := o.jobSpec(ctx, p, packed, plan.PartSize)
	if err != nil {
		return err
	}
	changes, err := cluster.ApplyCron(ctx, spec)
	var results []display.ObjectResult
	var kept []string
	for _, change := range changes {
		name := change.Kind + "/" + change.Name
		results = append(results, display.ObjectResult{Name: name, Outcome: string(change.Action)})
		if change.Action == runner.Kept {
			kept = append(kept, name)
		}
	}
	display.Objects(o.streams.Out, results)
	if len(kept) > 0 {
		fmt.Fprintf(o.streams.ErrOut, "note: ConfigMaps and Secrets of the earlier CronJob stay. A run that is not over may use them. To delete these objects after the run:\n  %s\n", removeLine(cluster.Namespace, kept...))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(o.streams.ErrOut, "The images are those of today, with the digest %s of the list. To remove the CronJob and all that belongs to it:\n  %s\n",
		packed.LockDigest(), removeLine(cluster.Namespace, "cronjob.batch/"+spec.Name()))
	return gapsError(p.inventory.Gaps)
}

// printJob prints the objects for others to apply. Nothing is created.
func (o syncOptions) printJob(ctx context.Context, p planned) error {
	if o.inCluster.Image == "" {
		return option.Usagef("--dry-run=client puts no image with the plugin into the target: pass --image")
	}
	packed, err := o.lock(ctx, p)
	if err != nil {
		return err
	}
	spec, err := o.jobSpec(ctx, p, packed, plan.ApplyPartSize)
	if err != nil {
		return err
	}
	if err := o.printObjects(spec); err != nil {
		return err
	}
	if spec.Secret == "" {
		fmt.Fprintln(o.streams.ErrOut, "note: the pods have no credentials. If the registries ask for a login, pass the name of a Secret of the type kubernetes.io/dockerconfigjson with --registry-secret")
	}
	return gapsError(p.inventory.Gaps)
}

func (o syncOptions) printObjects(spec incluster.Spec) error {
	var documents []any
	for _, object := range spec.Objects() {
		document, err := manifestOf(object)
		if err != nil {
			return err
		}
		documents = append(documents, document)
	}
	if o.output.Format != option.FormatYAML {
		documents = []any{map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}, "items": documents}}
	}
	for _, document := range documents {
		if err := display.Document(o.streams.Out, o.output.Printer, document); err != nil {
			return err
		}
	}
	return nil
}
