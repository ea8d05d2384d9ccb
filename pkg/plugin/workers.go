package plugin

import (
	"context"
	"io"
	"log"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/appvalues"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// workCommand is the command of workers. This program runs itself as a worker, so that a template
// with an endless loop or too much memory can be stopped. The jobs of workers are below.
const workCommand = "render"

func newWorkCommand(streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use: workCommand, Hidden: true, Args: exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			log.SetOutput(io.Discard) //nolint:forbidigo // Helm logs warnings about charts that users cannot change
			return worker.Serve(streams.In, streams.Out, chart.Job().Handler(), valuesJob().Handler(), addonJob().Handler(), profileJob().Handler())
		},
	}
}

// valuesJob renders default values of applications.
func valuesJob() worker.Job[appvalues.Request, map[string]any] {
	return worker.Job[appvalues.Request, map[string]any]{Name: "values", Time: 10 * time.Second, Do: appvalues.Render}
}

// addonJob renders addons. What templates do is bounded there, too, so that a part of an addon
// that goes too far leaves the others.
func addonJob() worker.Job[addon.Request, addon.Reply] {
	return worker.Job[addon.Request, addon.Reply]{Name: "addon", Time: addon.MaxRequest, Do: addon.Answer}
}

// profileJob renders an operating system profile and traces its scripts.
func profileJob() worker.Job[files.Request, files.Answer] {
	return worker.Job[files.Request, files.Answer]{Name: "profile", Time: files.MaxTime + 5*time.Second, Do: func(q files.Request) (files.Answer, error) {
		return files.Trace(context.Background(), q)
	}}
}

// newWorkers returns workers that run this program.
func newWorkers() (*worker.Pool, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return worker.NewPool(program, workCommand), nil
}
