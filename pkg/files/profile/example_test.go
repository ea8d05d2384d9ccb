package profile_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/profile"
)

func ExampleRenderer_Render() {
	object, err := profile.Read([]byte(`{
		"kind": "OperatingSystemProfile",
		"metadata": {"name": "osp-ubuntu"},
		"spec": {
			"osName": "ubuntu", "osVersion": "24.04", "supportedCloudProviders": [{"name": "aws"}, {"name": "gce"}],
			"bootstrapConfig": {
				"templates": {"install": "curl -LO https://dl.k8s.io/{{ .KubeVersion }}/bin/linux/amd64/kubelet"},
				"files": [{"path": "/opt/bin/setup", "content": {"inline": {"data": "#!/bin/sh\n# for {{ .CloudProviderName }}{{ template \"install\" . }}"}}}]
			}
		}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(object.Metadata.Name, "is for", object.Providers())
	machine, err := profile.NewRenderer(object).Render("1.35.7", "gce")
	for _, file := range machine.Files {
		fmt.Printf("%s:\n%s\n", file.Path, file.Content)
	}
	fmt.Println(err)
	// Output:
	// osp-ubuntu is for [aws gce]
	// /opt/bin/setup:
	// #!/bin/sh
	// # for gce
	// curl -LO https://dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet
	// <nil>
}
