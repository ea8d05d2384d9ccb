package infile_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/infile"
)

func ExampleFiles_Set() {
	files, err := infile.Read([]string{"-"}, false, strings.NewReader(`# Reviewed in March.
apiVersion: kubermatic.k8c.io/v1
kind: KubermaticConfiguration
metadata: {name: kubermatic, namespace: kubermatic}
spec:
  ui: {replicas: 2} # of the dashboard
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	set := func(path, value string) []apply.Edit {
		return []apply.Edit{{Path: apply.ParsePath(path), Value: value}}
	}
	changed, missing, err := files.Set([]patch.Object{
		{Kind: patch.KindConfiguration, Name: "kubermatic", Edits: set("spec.userCluster.overwriteRegistry", "registry.example.com/kkp")},
		{Kind: patch.KindSeed, Name: "frankfurt", Edits: set("spec.nodeportProxy.envoy.dockerRepository", "registry.example.com/kkp/envoyproxy/envoy")},
	})
	fmt.Println("changed:", changed, err)
	for _, object := range missing {
		fmt.Println("in no file:", object.Kind, object.Name)
	}
	if err := files.Write(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// changed: [kubermaticconfiguration.kubermatic.k8c.io/kubermatic spec.userCluster.overwriteRegistry] <nil>
	// in no file: Seed frankfurt
	// # Reviewed in March.
	// apiVersion: kubermatic.k8c.io/v1
	// kind: KubermaticConfiguration
	// metadata: {name: kubermatic, namespace: kubermatic}
	// spec:
	//   ui: {replicas: 2} # of the dashboard
	//   userCluster:
	//     overwriteRegistry: registry.example.com/kkp
}
