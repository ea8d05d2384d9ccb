package worker_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

func ExampleJob() {
	render := worker.Job[string, string]{
		Name: "render", Time: 10 * time.Second,
		Do: func(text string) (string, error) { return strings.ReplaceAll(text, "{{ .Name }}", "kkp"), nil },
	}
	// A program serves the job when its arguments ask for a worker:
	//
	//	worker.Serve(os.Stdin, os.Stdout, render.Handler())
	//
	// A pool starts this program, so that a job has limits of its own:
	//
	//	pool := worker.NewPool("/usr/local/bin/program", "worker")
	//	defer pool.Close()
	//
	// Without a pool, the job runs in this process, without limits.
	var pool *worker.Pool
	answer, err := render.Run(context.Background(), pool, "name: {{ .Name }}")
	fmt.Println(answer, err)
	// Output: name: kkp <nil>
}
