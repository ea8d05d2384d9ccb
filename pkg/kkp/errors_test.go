package kkp

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestConfigurationErrorSaysWhatToDo(t *testing.T) {
	resource := ConfigurationResource().GroupResource()
	for _, test := range []struct {
		err  ConfigurationError
		want string
	}{
		{ConfigurationError{}, "no KubermaticConfiguration in any namespace. Point --context or --kubeconfig"},
		{ConfigurationError{Namespace: "kkp"}, "no KubermaticConfiguration in namespace kkp."},
		{ConfigurationError{Namespace: "default", Elsewhere: []string{"kkp"}}, "in namespace default. This cluster has a KubermaticConfiguration in namespace kkp; pass --namespace kkp"},
		{ConfigurationError{Files: true}, "the files given with -f hold no KubermaticConfiguration"},
		{ConfigurationError{Found: []string{"a/x", "b/y"}}, "(a/x, b/y); choose one with --namespace"},
		{ConfigurationError{Files: true, Found: []string{"a/x", "b/y"}}, "pass only that one"},
		{ConfigurationError{Err: apierrors.NewNotFound(resource, "")}, "CRDs are not installed"},
		{ConfigurationError{Err: apierrors.NewForbidden(resource, "", errors.New("no"))}, "pass --namespace"},
		{ConfigurationError{Err: &url.Error{Op: "Get", URL: "https://x", Err: errors.New("refused")}}, "cannot be reached: Get \"https://x\": refused. Check --context"},
		{ConfigurationError{Namespace: "kkp", Err: errors.New("connection refused")}, "reading KubermaticConfigurations in namespace kkp: connection refused"},
	} {
		if got := test.err.Error(); !strings.Contains(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
