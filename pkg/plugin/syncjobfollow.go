package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/events"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// followJob shows the progress of a Job, and at its end the report. Then the Job is removed with all
// that belongs to the Job.
func (o syncOptions) followJob(ctx context.Context, p planned, cluster runner.Runner, job *batchv1.Job, shards int) error {
	progress := o.newProgress(len(p.plan.Copies))
	follower := events.NewFollower(shards, progress, progress.Say)
	cluster.Tell = progress.Say
	outcome, err := cluster.Follow(ctx, job, follower)
	progress.Close()
	var start *runner.StartError
	switch {
	case ctx.Err() != nil:
		return o.leaveJob(ctx, cluster, job)
	case errors.As(err, &start):
		return errors.Join(fmt.Errorf("%w\nThe Job is removed", err), cluster.Remove(ctx, job))
	case err != nil:
		return err
	}
	report, states := follower.Result()
	if err := cluster.Remove(ctx, job); err != nil {
		fmt.Fprintf(o.streams.ErrOut, "warning: %v\n", err)
	}
	return o.reportJob(ctx, p, report, jobError(job.Name, outcome, states))
}

// reportJob prints the report of a Job as that of a copy on this machine. failed is the error of the
// Job itself, or nil.
func (o syncOptions) reportJob(ctx context.Context, p planned, report images.Report, failed error) error {
	if len(report.Results) == 0 && failed != nil {
		return failed
	}
	var classes []images.Class
	for _, result := range report.Results {
		classes = append(classes, result.Class)
	}
	p.noteWithheld(o.streams.ErrOut, classes)
	if err := o.printReport(ctx, p, report.Document(o.target, p.inventory)); err != nil {
		return err
	}
	return cmp.Or(failed, failures(report), gapsError(p.inventory.Gaps))
}

// jobError returns the error of a Job that is not a failure to copy single images: that of the first
// pod that could not begin, or how a pod ended that has written no report, or a report of more results than
// its log has.
func jobError(name string, outcome runner.Outcome, states []events.State) error {
	for shard, state := range states {
		switch {
		case !state.Done && outcome.Failed:
			text := fmt.Sprintf("the Job %s failed: %s: %s", name, outcome.Reason, outcome.Message)
			if end, ok := outcome.Ends[shard]; ok && end.Message != "" {
				text += fmt.Sprintf("\nthe last pod ended with exit code %d: %s", end.ExitCode, end.Message)
			}
			return errors.New(text + "\nTo resume, run the same command again: images that are in the target are not copied again")
		case !state.Done:
			return fmt.Errorf("the Job %s is complete, but the log of its pod could not be read to its end. For a report, run the same command again: nothing is copied again", name)
		case state.Exit == exitUsage:
			return option.Usage(errors.New(withoutPrefix(state.Error)))
		case state.Exit != exitDone && state.Exit != exitPartial:
			return errors.New(withoutPrefix(state.Error))
		}
	}
	for _, state := range states {
		if state.Lost > 0 {
			return fmt.Errorf("the report lacks %s: the node has rotated the log of a pod of the Job %s. For the whole report, run the same command again: images that are in the target are not copied again",
				display.Count(state.Lost, "image"), name)
		}
	}
	return nil
}

// withoutPrefix returns the error that a process has printed, without what Main prints before it.
func withoutPrefix(text string) string { return strings.TrimPrefix(text, "error: ") }

// leaveJob asks after an interrupt whether the Job goes on. Without a terminal, the Job goes on: state
// is in the target, and a Job can be stopped later.
func (o syncOptions) leaveJob(ctx context.Context, cluster runner.Runner, job *batchv1.Job) error {
	if input := terminalInput(o.streams.In); input != nil {
		answer, err := ask(context.WithoutCancel(ctx), o.streams, input, "Stop the Job "+job.Name+", or detach, so that it goes on? [stop/DETACH]")
		if err == nil && (answer == "s" || answer == "stop") {
			if err := cluster.Remove(ctx, job); err != nil {
				return err
			}
			return &InterruptedError{Message: fmt.Sprintf("the Job %s was stopped and removed. To resume, run the same command again: images that are in %s are not copied again", job.Name, o.target)}
		}
	}
	return &InterruptedError{Message: fmt.Sprintf("the Job %s goes on in the namespace %s of %s. To follow the Job, run the same command again. To stop the Job:\n  %s",
		job.Name, cluster.Namespace, cluster.Cluster, removeLine(cluster.Namespace, "job/"+job.Name))}
}
