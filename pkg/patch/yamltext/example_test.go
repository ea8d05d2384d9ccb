package yamltext_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/yamltext"
)

func ExampleFile_Set() {
	file := yamltext.Parse([]byte(`# Reviewed in March.
spec:
  ui: {replicas: 2} # of the dashboard
`))
	err := file.Set(0, []string{"spec", "userCluster", "overwriteRegistry"}, "registry.example.com/kkp")
	fmt.Print(string(file.Text()))
	fmt.Println(err)
	// Output:
	// # Reviewed in March.
	// spec:
	//   ui: {replicas: 2} # of the dashboard
	//   userCluster:
	//     overwriteRegistry: registry.example.com/kkp
	// <nil>
}
