package check_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func ExampleNewReport() {
	target := images.Target{Registry: "registry.example.com", Prefix: "kkp"}
	kubermatic := images.Ref{Registry: "quay.io", Repository: "kubermatic/kubermatic", Tag: "v2.31.0"}
	pause := images.Ref{Registry: "registry.k8s.io", Repository: "pause", Tag: "3.10.1"}
	content := check.Content{
		Section:   check.SectionMirror,
		Inventory: images.Inventory{Images: []images.Image{{Ref: kubermatic}, {Ref: pause}}},
		Target:    target,
		Answers: map[images.Ref]check.Answer{ // of the mirror
			target.Ref(kubermatic): {Digest: "sha256:7f2c"},
			target.Ref(pause):      {Class: images.ClassNotFound},
		},
		Copy: "kubectl kkp-mirror sync registry.example.com/kkp",
	}
	report := check.NewReport(map[check.Section][]check.Finding{check.SectionMirror: content.Findings()}, nil)
	for _, section := range report.Sections {
		for _, f := range section.Findings {
			fmt.Printf("%s: %s: %s: %s\n", f.Status, f.ID, f.Subject, f.Reason)
			if f.Remedy != nil {
				fmt.Println("  to do:", f.Remedy.Command)
			}
		}
	}
	fmt.Println("ready:", report.Ready)
	// Output:
	// ok: mirror.images: 1 of 2 images and charts: in registry.example.com/kkp
	// not ready: mirror.image-missing: registry.k8s.io/pause:3.10.1: registry.example.com/kkp/pause:3.10.1 does not exist
	//   to do: kubectl kkp-mirror sync registry.example.com/kkp
	// ready: false
}
