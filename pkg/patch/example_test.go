package patch_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

func ExampleConfig() {
	release, err := catalog.Open("v2.31.0", catalog.CE)
	if err != nil {
		fmt.Println(err)
		return
	}
	inst := kkp.Installation{Version: "v2.31.0", Edition: "CE", Configuration: kkp.Configuration{Namespace: "kubermatic", Name: "kubermatic"}}
	plan, err := patch.Config(inst, patch.ConfigOptions{
		Mirror:    patch.Mirror{Target: images.Target{Registry: "registry.example.com", Prefix: "kkp"}},
		Release:   release,
		Selection: patch.Selection{Only: []string{"ui", "userCluster.overwriteRegistry"}}, // not all fields, to keep this short
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, object := range plan.Objects {
		for _, edit := range object.Edits {
			fmt.Printf("%s %s: %s = %v\n", object.Kind, object.Name, edit.Path, edit.Value)
		}
	}
	// Output:
	// KubermaticConfiguration kubermatic: spec.ui.dockerRepository = registry.example.com/kkp/kubermatic/dashboard
	// KubermaticConfiguration kubermatic: spec.userCluster.overwriteRegistry = registry.example.com/kkp
}

func ExampleContainerd() {
	// The mirror has a path, which containerd must take as it is written.
	mirror := patch.Mirror{Target: images.Target{Registry: "registry.example.com", Prefix: "kkp"}}
	settings, notes, err := patch.Containerd(mirror, []string{"docker.io", "quay.io"}, "v2.31.0")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, host := range []string{"docker.io", "quay.io"} {
		fmt.Println(host, settings.ContainerdMirrors[host])
	}
	fmt.Println(len(notes), "notes")
	// Output:
	// docker.io [https://registry.example.com/v2/kkp?kubermatic=override_path%3Dtrue]
	// quay.io [https://registry.example.com/v2/kkp?kubermatic=override_path%3Dtrue]
	// 0 notes
}
