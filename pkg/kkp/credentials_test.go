package kkp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// loadWith loads an installation whose only application has a chart with these credentials,
// and Secrets with these annotations.
func loadWith(t *testing.T, credentials string, secrets map[string]map[string]string) kkp.Installation {
	t.Helper()
	all := []*unstructured.Unstructured{
		object(t, "{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: k, namespace: kkp}, status: {kubermaticVersion: v2.31.0, kubermaticEdition: CE}}"),
		object(t, `
apiVersion: apps.kubermatic.k8c.io/v1
kind: ApplicationDefinition
metadata: {name: web}
spec:
  versions:
  - version: 1.0.0
    template:
      source: {helm: {url: "https://charts.example.com", chartName: web, chartVersion: 1.0.0, credentials: `+credentials+`}}
      templateCredentials: {helmCredentials: `+credentials+`}
`),
	}
	for name, annotations := range secrets {
		all = append(all, generic(t, &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Namespace: "kkp", Name: name, Annotations: annotations},
			Data:       map[string][]byte{"user": []byte("me"), "pass": []byte("hunter2"), "config": []byte("{}")},
		}))
	}
	inst, err := kkp.Load(t.Context(), newAPI(all...).client(t), kkp.Request{
		Connect: func(*rest.Config) (kkp.Client, error) { return kkp.Client{}, errors.New("there are no Seeds") },
		Parts:   []kkp.Part{kkp.PartApps},
	})
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &obj.Object); err != nil {
		t.Fatal(err)
	}
	return obj
}

// TestCredentialsOfApplications wants what applications name to be read only from Secrets
// that are there for charts: who writes an application also chooses where it is sent.
func TestCredentialsOfApplications(t *testing.T) {
	const (
		login  = "username: {name: a, key: user}, password: {name: b, key: pass}"
		config = "registryConfigFile: {name: b, key: config}"
	)
	helm := map[string]string{kkp.SecretType: "helm"}
	for name, test := range map[string]struct {
		credentials string
		a, b        map[string]string // annotations
		want        kkp.Credentials
		gap         string
	}{
		"annotated":               {login + ", " + config, helm, helm, kkp.Credentials{Username: "me", Password: "hunter2", RegistryConfig: []byte("{}")}, ""},
		"password not annotated":  {login, helm, nil, kkp.Credentials{}, "Secret kkp/b is not used for chart repositories"},
		"user name not annotated": {login, nil, helm, kkp.Credentials{}, "Secret kkp/a is not used for chart repositories"},
		"config not annotated":    {config, helm, nil, kkp.Credentials{}, "add the annotation"},
		"for Git":                 {login, helm, map[string]string{kkp.SecretType: "git"}, kkp.Credentials{}, "lacks the annotation apps.kubermatic.k8c.io/secret-type: helm"},
		"no such key":             {"username: {name: a, key: user}, password: {name: b, key: gone}", helm, helm, kkp.Credentials{}, `no key "gone"`},
		"no such Secret":          {"registryConfigFile: {name: gone, key: config}, " + login, helm, helm, kkp.Credentials{Username: "me", Password: "hunter2"}, `"gone" not found`},
	} {
		inst := loadWith(t, "{"+test.credentials+"}", map[string]map[string]string{"a": test.a, "b": test.b})
		got := inst.Applications.Definitions[0].Versions[0].Chart.Credentials
		if got.Username != test.want.Username || got.Password != test.want.Password || !cmp.Equal(got.RegistryConfig, test.want.RegistryConfig) {
			t.Errorf("%s: %q %q %q", name, got.Username, got.Password, got.RegistryConfig)
		}
		var gap string
		for _, unread := range inst.Unread {
			if unread.Part == kkp.PartApps {
				gap += unread.Subject + ": " + unread.Err.Error()
			}
		}
		if (gap == "") != (test.gap == "") || !strings.Contains(gap, test.gap) || gap != "" && !strings.HasPrefix(gap, "credentials for application web 1.0.0: ") {
			t.Errorf("%s: %s, want %s", name, gap, test.gap)
		}
		if text := fmt.Sprintf("%v %+v", got, inst.Applications) + gap; strings.Contains(text, "hunter2") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
