package kkp

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
)

// ConfigurationError says that there is no KubermaticConfiguration, that there are several, or that
// it cannot be read.
type ConfigurationError struct {
	Namespace string   // searched namespace, "" for all
	Files     bool     // files were searched, not the API
	Found     []string // namespace/name of each configuration
	Elsewhere []string // other namespaces that have a configuration
	Err       error    // error of the search, nil without one
}

func (e *ConfigurationError) Error() string {
	switch {
	case e.Err != nil && notInstalled(e.Err):
		return "this cluster has no KubermaticConfigurations: KKP's CRDs are not installed. " +
			"Point --context or --kubeconfig at the KKP master cluster, or pass the configuration with -f before KKP is installed"
	case apierrors.IsForbidden(e.Err) && e.Namespace == "":
		return fmt.Sprintf("looking for the KubermaticConfiguration in all namespaces: %v. If you may read only its namespace, pass --namespace", e.Err)
	case errors.As(e.Err, new(*url.Error)):
		return fmt.Sprintf("the API server cannot be reached: %v. Check --context, --kubeconfig and the network", e.Err)
	case e.Err != nil:
		return fmt.Sprintf("reading KubermaticConfigurations %s: %v", e.where(), e.Err)
	case len(e.Found) == 0 && e.Files:
		return "the files given with -f hold no KubermaticConfiguration (apiVersion: kubermatic.k8c.io/v1)"
	case len(e.Elsewhere) > 0:
		return fmt.Sprintf("no KubermaticConfiguration %s. This cluster has a KubermaticConfiguration in namespace %s; pass --namespace %s",
			e.where(), strings.Join(e.Elsewhere, ", "), e.Elsewhere[0])
	case len(e.Found) == 0:
		return fmt.Sprintf("no KubermaticConfiguration %s. Point --context or --kubeconfig at the KKP master cluster, "+
			"or pass the configuration with -f before KKP is installed", e.where())
	case e.Files:
		return fmt.Sprintf("the files given with -f hold %d KubermaticConfigurations (%s), and a KKP installation has one; pass only that one",
			len(e.Found), strings.Join(e.Found, ", "))
	default:
		return fmt.Sprintf("there are %d KubermaticConfigurations %s (%s); choose one with --namespace", len(e.Found), e.where(), strings.Join(e.Found, ", "))
	}
}

func (e *ConfigurationError) where() string {
	if e.Namespace == "" {
		return "in any namespace"
	}
	return "in namespace " + e.Namespace
}

// Unwrap returns the error of the search.
func (e *ConfigurationError) Unwrap() error { return e.Err }

// notInstalled reports whether an error means that the API has no such resource.
func notInstalled(err error) bool {
	return apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
}
