package events_test

import (
	"bytes"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/events"
)

func ExampleFollower() {
	// A pod writes its log.
	var log bytes.Buffer
	pod := events.NewWriter(&log)
	pod.Begin(1)
	fmt.Fprintln(pod.Notes(), "1 image is copied")
	pod.Finished(images.Result{
		Source:  images.Ref{Registry: "registry.k8s.io", Repository: "pause", Tag: "3.10.1"},
		Target:  images.Ref{Registry: "registry.example.com", Repository: "kkp/pause", Tag: "3.10.1"},
		Outcome: images.Copied,
	})
	pod.End(0, "")

	// The terminal reads the log, of one shard here.
	follower := events.NewFollower(1, nil, func(line string) { fmt.Println("note:", line) })
	if err := follower.Read(0, &log); err != nil {
		fmt.Println(err)
		return
	}
	report, states := follower.Result()
	for _, result := range report.Results {
		fmt.Println(result.Outcome, result.Target)
	}
	fmt.Println("done:", states[0].Done, "exit code:", states[0].Exit)
	// Output:
	// note: 1 image is copied
	// copied registry.example.com/kkp/pause:3.10.1
	// done: true exit code: 0
}
