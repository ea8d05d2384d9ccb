package incluster_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

func ExampleSpec_Job() {
	spec := incluster.Spec{
		Namespace: "kubermatic", Target: "registry.example.com/kkp",
		Digest: "sha256:" + strings.Repeat("7f2c", 16), // of the plan
		Plan:   []incluster.File{{Name: "part-000", Data: []byte("…")}},
		Args:   []string{"--jobs", "8"},
		Image:  "registry.example.com/kkp-mirror:v0.9.0",
		Shards: 1, Window: 6 * time.Hour,
	}
	job := spec.Job()
	fmt.Println("suspended:", *job.Spec.Suspend)
	fmt.Println("seconds:", *job.Spec.ActiveDeadlineSeconds)
	for _, container := range job.Spec.Template.Spec.Containers {
		fmt.Println(container.Name, container.Image)
		fmt.Println(strings.Join(container.Args, " "))
	}
	for _, configMap := range spec.ConfigMaps() {
		for name, part := range configMap.BinaryData {
			fmt.Println(name, "of the plan:", len(part), "bytes")
		}
	}
	// Output:
	// suspended: true
	// seconds: 21600
	// sync registry.example.com/kkp-mirror:v0.9.0
	// sync registry.example.com/kkp --plan /var/run/kkp-mirror/plan --events --jobs 8
	// part-000 of the plan: 3 bytes
}
