package patch

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// helmCharts is where sync puts the charts of KKP's applications in a mirror: where they
// are at their source, quay.io/kubermatic-mirror/helm-charts.
const helmCharts = "kubermatic-mirror/helm-charts"

// Mirror is a registry, with an optional path in it, that has copies of the images.
type Mirror struct {
	images.Target
	PlainHTTP bool // it speaks no TLS
	Insecure  bool // its certificate is not to be verified
}

// repository returns where a repository is in the mirror, as KKP wants it: without a tag.
func (m Mirror) repository(source string) (string, error) {
	ref, err := images.ParseRef(source)
	if err != nil {
		return "", err
	}
	return m.Ref(ref).Name(), nil
}

// helmRepository is where the charts of applications are.
func (m Mirror) helmRepository() string { return fmt.Sprintf("oci://%s/%s", m, helmCharts) }

// rewritten returns what KKP makes of a repository when overwriteRegistry is set: the
// registry in front of the path, whatever the path begins with (kubermatic
// pkg/resources/registry/registry.go, v2.31.0). So a path that has the mirror's prefix
// already gets it twice.
func rewritten(overwriteRegistry, repository string) string {
	ref, err := images.ParseRef(repository)
	if err != nil || overwriteRegistry == "" {
		return repository
	}
	return overwriteRegistry + "/" + ref.Repository
}
