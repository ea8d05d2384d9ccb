package progress_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// printer prints some of the progress, and ignores the rest.
type printer struct{ progress.Observer }

func (printer) Transferred(c images.Copy, bytes int64) { fmt.Println(c.Target, bytes, "bytes") }

func ExampleTracker() {
	step := images.Copy{
		Source: images.Ref{Registry: "quay.io", Repository: "kubermatic/util", Tag: "2.9.0"},
		Target: images.Ref{Registry: "registry.example.com", Repository: "kubermatic/util", Tag: "2.9.0"},
	}
	tracker := progress.New(step, printer{progress.OrNobody(nil)}, nil)
	tracker.Start() // before each request
	tracker.Sent(1000)
	tracker.Sent(24)
	tracker.Mount(4096) // bytes that the target has in another repository
	result := tracker.Finish(images.Copied, "", nil)
	fmt.Printf("%s: %d bytes uploaded, %d bytes mounted\n", result.Outcome, result.Bytes, result.Mounted)
	// Output:
	// registry.example.com/kubermatic/util:2.9.0 1000 bytes
	// registry.example.com/kubermatic/util:2.9.0 24 bytes
	// copied: 1024 bytes uploaded, 4096 bytes mounted
}
