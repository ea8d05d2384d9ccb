package address_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/address"
)

func ExampleFind() {
	script := `curl -L https://dl.k8s.io/v{{ .KubeVersion }}/bin/linux/$arch/kubelet
wget http://169.254.169.254/latest/meta-data`
	for _, a := range address.Find(script) {
		fmt.Printf("%s, then %q; local: %t\n", a.Text, a.Rest, address.IsLocal(a.Text))
	}
	// Output:
	// https://dl.k8s.io/v, then "{{"; local: false
	// http://169.254.169.254/latest/meta-data, then ""; local: true
}
