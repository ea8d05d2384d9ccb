package kkp

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/dynamic"
)

// pullSecretName is the name of the Secret with the credentials for KKP's own images.
const pullSecretName = "dockercfg"

// PullSecret is the Secret with the credentials for KKP's own images, which KKP's operator manages in
// its namespace (kubermatic pkg/controller/operator/common/resources.go,
// DockercfgSecretReconciler). Admins can have added other credentials.
type PullSecret struct {
	Name   string // namespace/name of the Secret
	Config []byte // docker's config.json, nil if there is none or it could not be read
	Err    error  // why it could not be read, such as missing rights; nil if there is none
}

// loadPullSecret reads the pull Secret. An error is not a gap, because credentials can come from
// other places, and most registries need none.
func loadPullSecret(ctx context.Context, master dynamic.Interface, namespace string) PullSecret {
	key := SecretKey{Namespace: namespace, Name: pullSecretName, Key: ".dockerconfigjson"}
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
