package kkp

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"
	k8stesting "k8s.io/client-go/testing"
)

func TestPullSecret(t *testing.T) {
	secret := func(key string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "kkp", Name: "dockercfg"},
			Type:       corev1.SecretTypeDockerConfigJson, Data: map[string][]byte{key: []byte(`{"auths":{}}`)},
		}
	}
	client := fake.NewSimpleDynamicClient(fakeScheme(t), secret(corev1.DockerConfigJsonKey))
	got := loadPullSecret(t.Context(), client, "kkp")
	if string(got.Config) != `{"auths":{}}` || got.Err != nil || got.Name != "kkp/dockercfg" {
		t.Errorf("got %+v", got)
	}
	if got := loadPullSecret(t.Context(), client, "elsewhere"); got.Config != nil || got.Err != nil {
		t.Errorf("no Secret: %+v", got)
	}
	client = fake.NewSimpleDynamicClient(fakeScheme(t), secret("config.json"))
	if got := loadPullSecret(t.Context(), client, "kkp"); got.Config != nil || got.Err == nil {
		t.Errorf("without its key: %+v", got)
	}
	client.PrependReactor("get", "secrets", func(k8stesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(CoreResource("secrets").GroupResource(), "dockercfg", nil)
	})
	if got := loadPullSecret(t.Context(), client, "kkp"); got.Config != nil || !apierrors.IsForbidden(got.Err) {
		t.Errorf("without the right: %+v", got)
	}
}

func fakeScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return scheme
}
