package patch

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// helmCharts is the path of the charts of KKP's applications in a mirror. The path is the same
// as upstream: quay.io/kubermatic-mirror/helm-charts.
const helmCharts = "kubermatic-mirror/helm-charts"

// Mirror is a registry, with an optional path, that has copies of the images.
type Mirror struct {
	images.Target
	PlainHTTP bool // the registry has no TLS
	Insecure  bool // the certificate of the registry is not verified
}

// repository returns the copy of a repository in the mirror, as KKP writes repositories:
// without a tag.
func (m Mirror) repository(source string) (string, error) {
	ref, err := images.ParseRef(source)
	if err != nil {
		return "", err
	}
	return m.Ref(ref).Name(), nil
}

// helmRepository returns the URL of the charts of applications.
func (m Mirror) helmRepository() string { return fmt.Sprintf("oci://%s/%s", m, helmCharts) }

// rewritten returns the repository that KKP pulls from when overwriteRegistry is set:
// overwriteRegistry, followed by the path of the repository (kubermatic
// pkg/resources/registry/registry.go, v2.31.0). KKP does not check for the prefix of a mirror:
// a repository that already has the prefix gets the prefix twice.
func rewritten(overwriteRegistry, repository string) string {
	ref, err := images.ParseRef(repository)
	if err != nil || overwriteRegistry == "" {
		return repository
	}
	return overwriteRegistry + "/" + ref.Repository
}
