package kkp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"
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

// FindNodeLogins reads the credentials of the nodes of user clusters of a Seed, several
// clusters at once.
func FindNodeLogins(ctx context.Context, master Client, seed Seed, clusters []Cluster, connect Connect) []NodeLogin {
	logins := make([]NodeLogin, len(clusters))
	named := false
	for i, cluster := range clusters {
		logins[i].Cluster = cluster
		named = named || cluster.PullSecret.Name != ""
	}
	if !named {
		return logins
	}
	client, err := seedClient(ctx, master, seed.Kubeconfig, connect)
	var group errgroup.Group
	group.SetLimit(namespacesAtOnce)
	for i := range logins {
		group.Go(func() error {
			switch {
			case logins[i].Cluster.PullSecret.Name == "":
			case err != nil:
				logins[i].Err = err
			default:
				logins[i].Config, logins[i].Err = nodeLogin(ctx, client, logins[i].Cluster, connect)
			}
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in Err
	return logins
}

// nodeLogin reads the Secret in the user cluster, from which operating-system-manager takes
// it.
func nodeLogin(ctx context.Context, seed Client, cluster Cluster, connect Connect) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, userClusterWait)
	defer cancel()
	client, err := seedClient(ctx, seed, adminKubeconfig(cluster), connect)
	if err != nil {
		return nil, err
	}
	return dockerConfig(ctx, client, cluster.PullSecret)
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
