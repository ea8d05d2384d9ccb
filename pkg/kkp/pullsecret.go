package kkp

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/dynamic"
)

// PullSecret are the credentials that KKP pulls its own images with, as its operator keeps
// them in the namespace of KKP (kubermatic pkg/controller/operator/common/resources.go,
// DockercfgSecretReconciler). Admins may have put other ones there.
type PullSecret struct {
	Name   string // namespace/name of the Secret
	Config []byte // docker's config.json, nil if there is none or it could not be read
	Err    error  // why it could not be read, such as missing rights; nil if there is none
}

// loadPullSecret reads the pull Secret. That it cannot be read is no gap: it is one of
// several places with credentials, and most registries need none.
func loadPullSecret(ctx context.Context, master dynamic.Interface, namespace string) PullSecret {
	key := SecretKey{Namespace: namespace, Name: "dockercfg", Key: ".dockerconfigjson"}
	secret := PullSecret{Name: key.Namespace + "/" + key.Name}
	config, err := secretValue(ctx, master, key)
	switch {
	case err == nil:
		secret.Config = config
	case !apierrors.IsNotFound(err):
		secret.Err = err
	}
	return secret
}
