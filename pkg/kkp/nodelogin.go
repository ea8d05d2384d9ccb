package kkp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// NodeLogin are the credentials that the nodes of a user cluster pull with: the Secret that
// spec.imagePullSecret of its Cluster names (kubermatic pkg/resources/operatingsystemmanager;
// operating-system-manager pkg/containerruntime/config.go, v1.11.3).
type NodeLogin struct {
	Cluster Cluster
	Config  []byte // docker's config.json, nil if the Cluster names no Secret
	Err     error  // why the Secret could not be read
}

// FindNodeLogins reads the credentials of the nodes of user clusters of a Seed, several clusters
// concurrently. They are in the user cluster, from which operating-system-manager takes them.
func FindNodeLogins(ctx context.Context, master Client, seed Seed, clusters []Cluster, connect Connect) []NodeLogin {
	logins := make([]NodeLogin, len(clusters))
	var asked []Cluster // those that name a Secret
	var indexes []int   // theirs in logins
	for i, cluster := range clusters {
		logins[i].Cluster = cluster
		if cluster.PullSecret.Name != "" {
			asked, indexes = append(asked, cluster), append(indexes, i)
		}
	}
	if len(asked) == 0 {
		return logins
	}
	failures := askOf(ctx, master, seed, asked, connect, func(ctx context.Context, i int, user userClient) (err error) {
		logins[indexes[i]].Config, err = dockerConfig(ctx, user, asked[i].PullSecret)
		return err
	})
	for i, err := range failures {
		logins[indexes[i]].Err = err
	}
	return logins
}

// DockerConfig reads docker's config.json out of a Secret.
func DockerConfig(ctx context.Context, client dynamic.Interface, key SecretKey) ([]byte, error) {
	if key.Key != "" {
		return secretValue(ctx, client, key)
	}
	return dockerConfig(ctx, client, key)
}

// dockerConfig reads a Secret of the type kubernetes.io/dockerconfigjson, or one with a
// credential for each registry: containerd's AuthConfig in JSON, by host.
func dockerConfig(ctx context.Context, client dynamic.Interface, key SecretKey) ([]byte, error) {
	secret, err := getSecret(ctx, client, key)
	if err != nil {
		return nil, err
	}
	var typed corev1.Secret
	if err := decode(secret, &typed); err != nil {
		return nil, err
	}
	return dockerConfigOf(typed, key)
}

func dockerConfigOf(typed corev1.Secret, key SecretKey) ([]byte, error) {
	if config, ok := typed.Data[corev1.DockerConfigJsonKey]; ok {
		return config, nil
	}
	auths := map[string]json.RawMessage{}
	for host, auth := range typed.Data {
		if !json.Valid(auth) {
			return nil, fmt.Errorf("secret %s/%s: the value of %q is not a credential in JSON", key.Namespace, key.Name, host)
		}
		auths[host] = auth
	}
	return json.Marshal(map[string]any{"auths": auths})
}

// CABundle reads the CA certificates that KKP trusts, in PEM format: the ConfigMap that
// spec.caBundle names (kubermatic pkg/resources/certificates, v2.31.0). nil means that there
// is none, and the certificates of the system count.
func CABundle(ctx context.Context, master dynamic.Interface, configuration Configuration) ([]byte, error) {
	object, err := getNamed(ctx, master, CoreResource("configmaps"), configuration.Namespace, caBundleName(configuration))
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return caBundleOf(object)
}

// CABundleName is the namespace and name of the ConfigMap with the certificates that KKP trusts.
func CABundleName(configuration Configuration) string {
	return configuration.Namespace + "/" + caBundleName(configuration)
}

// caBundleName is the name of the ConfigMap with the certificates that KKP trusts.
func caBundleName(configuration Configuration) string {
	return cmp.Or(configuration.Field("spec.caBundle.name"), "ca-bundle")
}

func caBundleOf(object *unstructured.Unstructured) ([]byte, error) {
	var bundle corev1.ConfigMap
	if err := decode(object, &bundle); err != nil {
		return nil, err
	}
	return []byte(bundle.Data["ca-bundle.pem"]), nil
}
