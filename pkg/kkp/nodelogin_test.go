package kkp

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/rest"
)

func TestNodeLogins(t *testing.T) {
	secret := func(namespace, name string, data map[string]string) *corev1.Secret {
		object := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{}}
		for key, value := range data {
			object.Data[key] = []byte(value)
		}
		return object
	}
	kubeconfig := map[string]string{"kubeconfig": "{kind: Config, clusters: [{name: a, cluster: {server: https://a}}], contexts: [{name: a, context: {cluster: a}}], current-context: a}"}
	client := Client{Interface: fake.NewSimpleDynamicClient(
		fakeScheme(t), secret("kkp", "seed", kubeconfig), secret("cluster-a", "admin-kubeconfig", kubeconfig), secret("cluster-b", "admin-kubeconfig", kubeconfig),
		secret("kube-system", "docker", map[string]string{corev1.DockerConfigJsonKey: `{"auths":{}}`}),
		secret("kube-system", "byhost", map[string]string{"mirror:5000": `{"username":"a"}`}),
	)}
	connect := func(*rest.Config) (Client, error) { return client, nil }
	named := func(name, secret string) Cluster {
		return Cluster{Name: name, Namespace: "cluster-" + name, PullSecret: SecretKey{Namespace: "kube-system", Name: secret}}
	}
	seed := Seed{Kubeconfig: SecretKey{Namespace: "kkp", Name: "seed", Key: "kubeconfig"}}
	clusters := []Cluster{named("a", "docker"), named("b", "byhost"), {Name: "c"}, named("a", "gone"), named("d", "docker")}
	got := FindNodeLogins(t.Context(), client, seed, clusters, connect)
	for i, want := range []string{`{"auths":{}}`, `{"auths":{"mirror:5000":{"username":"a"}}}`, "", "", ""} {
		if string(got[i].Config) != want || (got[i].Err != nil) != (i > 2) {
			t.Errorf("%d: %s, %v; want %s", i, got[i].Config, got[i].Err, want)
		}
	}
	none := FindNodeLogins(t.Context(), client, Seed{}, clusters[2:3], func(*rest.Config) (Client, error) { return Client{}, errors.New("asked") })
	if none[0].Config != nil || none[0].Err != nil {
		t.Errorf("no Secret is named: %+v", none)
	}
}

func TestCABundle(t *testing.T) {
	bundle := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kkp", Name: "ca-bundle"}, Data: map[string]string{"ca-bundle.pem": "PEM"}}
	own := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "kkp", Name: "own"}, Data: map[string]string{"ca-bundle.pem": "OWN"}}
	client := fake.NewSimpleDynamicClient(fakeScheme(t), bundle, own)
	named := Configuration{Namespace: "kkp", object: fields{"spec": map[string]any{"caBundle": map[string]any{"name": "own"}}}}
	for want, configuration := range map[string]Configuration{"PEM": {Namespace: "kkp"}, "OWN": named, "": {Namespace: "elsewhere"}} {
		got, err := CABundle(t.Context(), client, configuration)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", want, got, err)
		}
	}
}
