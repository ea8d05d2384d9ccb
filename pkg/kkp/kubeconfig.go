package kkp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// seedClient connects to the API of a Seed with the kubeconfig in its Secret.
func seedClient(ctx context.Context, master dynamic.Interface, key SecretKey, connect Connect) (Client, error) {
	config, err := secretConfig(ctx, master, key)
	if err != nil {
		return Client{}, err
	}
	return connect(config)
}

// close closes the idle connections of a client that is not needed any more.
func (c Client) close() {
	if c.Close != nil {
		c.Close()
	}
}

// SeedClient connects to the API of a Seed.
func SeedClient(ctx context.Context, master Client, seed Seed, connect Connect) (Client, error) {
	return seedClient(ctx, master, seed.Kubeconfig, connect)
}

// UserClusterClient connects to the API of a user cluster of a Seed.
func UserClusterClient(ctx context.Context, seed Client, cluster Cluster, connect Connect) (Client, error) {
	return seedClient(ctx, seed, SecretKey{Namespace: cluster.Namespace, Name: adminKubeconfig, Key: "kubeconfig"}, connect)
}

// SeedConfig returns the configuration for the cluster of a Seed, from the Secret that the Seed
// names.
func SeedConfig(ctx context.Context, master dynamic.Interface, seed Seed) (*rest.Config, error) {
	return secretConfig(ctx, master, seed.Kubeconfig)
}

func secretConfig(ctx context.Context, master dynamic.Interface, key SecretKey) (*rest.Config, error) {
	kubeconfig, err := secretValue(ctx, master, key)
	if err != nil {
		return nil, err
	}
	return configFrom(kubeconfig, key)
}

// configFrom returns the configuration of a kubeconfig that is in a Secret.
func configFrom(kubeconfig []byte, key SecretKey) (*rest.Config, error) {
	config, err := restConfig(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig in secret %s/%s: %w", key.Namespace, key.Name, err)
	}
	return config, nil
}

func secretValue(ctx context.Context, client dynamic.Interface, key SecretKey) ([]byte, error) {
	secret, err := getSecret(ctx, client, key)
	if err != nil {
		return nil, err
	}
	return valueOf(secret, key)
}

func getSecret(ctx context.Context, client dynamic.Interface, key SecretKey) (*unstructured.Unstructured, error) {
	return getNamed(ctx, client, CoreResource("secrets"), key.Namespace, key.Name)
}

func getNamed(ctx context.Context, client dynamic.Interface, resource schema.GroupVersionResource, namespace, name string) (*unstructured.Unstructured, error) {
	return client.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
}

// valueOf returns the value of a key of a Secret.
func valueOf(secret *unstructured.Unstructured, key SecretKey) ([]byte, error) {
	encoded, ok, err := unstructured.NestedString(secret.Object, "data", key.Key)
	if err != nil || !ok {
		return nil, fmt.Errorf("secret %s/%s has no key %q", key.Namespace, key.Name, key.Key)
	}
	return base64.StdEncoding.DecodeString(encoded)
}

// restConfig reads a kubeconfig from a cluster. The kubeconfig may have credentials, but must not
// run programs or read files on this machine: every client that may write the Secret could use
// that.
func restConfig(kubeconfig []byte) (*rest.Config, error) {
	config, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return nil, err
	}
	if err := selfContained(config); err != nil {
		return nil, err
	}
	return clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
}

func selfContained(config *clientcmdapi.Config) error {
	for name, user := range config.AuthInfos {
		switch {
		case user.Exec != nil:
			return fmt.Errorf("user %q runs a program (exec), which is not allowed in a kubeconfig from a cluster", name)
		case user.AuthProvider != nil:
			return fmt.Errorf("user %q uses an auth provider, which is not allowed in a kubeconfig from a cluster", name)
		case user.ClientCertificate != "" || user.ClientKey != "" || user.TokenFile != "":
			return fmt.Errorf("user %q refers to files, which is not allowed in a kubeconfig from a cluster", name)
		}
	}
	for name, cluster := range config.Clusters {
		if cluster.CertificateAuthority != "" {
			return fmt.Errorf("cluster %q refers to a CA file, which is not allowed in a kubeconfig from a cluster", name)
		}
	}
	if len(config.Clusters) == 0 {
		return errors.New("the kubeconfig names no cluster")
	}
	return nil
}
