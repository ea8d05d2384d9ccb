package credentials_test

import (
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
)

// The longest scope that covers a repository wins.
func ExampleRead() {
	keychain, err := credentials.Read([]byte(`{"auths": {
		"registry.example.com":     {"username": "everyone", "password": "one"},
		"registry.example.com/kkp": {"username": "mirror", "password": "two"}
	}}`), "Secret kubermatic/dockercfg")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"registry.example.com/kkp/util", "registry.example.com/app", "quay.io/kubermatic/util"} {
		repository, err := name.NewRepository(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		found, err := keychain.Resolve(repository)
		if err != nil {
			fmt.Println(err)
			return
		}
		login, err := found.Authorization()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %q\n", text, login.Username)
	}
	// Output:
	// registry.example.com/kkp/util: "mirror"
	// registry.example.com/app: "everyone"
	// quay.io/kubermatic/util: ""
}
