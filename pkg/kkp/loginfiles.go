package kkp

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// DockerConfigIn reads docker's config.json out of a Secret among the objects of files. An object
// without a namespace is in the namespace of the key. It fails if no file has the Secret.
func DockerConfigIn(objects []*unstructured.Unstructured, key SecretKey) ([]byte, error) {
	object := coreObject(objects, "Secret", key.Namespace, key.Name)
	if object == nil {
		return nil, fmt.Errorf("no file has the Secret %s/%s; pass the file with the Secret with -f, too", key.Namespace, key.Name)
	}
	var secret corev1.Secret
	if err := decode(object, &secret); err != nil {
		return nil, err
	}
	for name, text := range secret.StringData { // the API server adds these to data
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		secret.Data[name] = []byte(text)
	}
	if key.Key == "" {
		return dockerConfigOf(secret, key)
	}
	config, ok := secret.Data[key.Key]
	if !ok {
		return nil, fmt.Errorf("secret %s/%s has no key %q", key.Namespace, key.Name, key.Key)
	}
	return config, nil
}

// CABundleIn is CABundle for the objects of files. nil means that no file has the ConfigMap.
func CABundleIn(objects []*unstructured.Unstructured, configuration Configuration) ([]byte, error) {
	object := coreObject(objects, "ConfigMap", configuration.Namespace, caBundleName(configuration))
	if object == nil {
		return nil, nil
	}
	return caBundleOf(object)
}

// coreObject is the object of a kind of the core API with a name, nil if there is none.
func coreObject(objects []*unstructured.Unstructured, kind, namespace, name string) *unstructured.Unstructured {
	for _, object := range objects {
		if object.GetAPIVersion() == "v1" && object.GetKind() == kind && object.GetName() == name &&
			(object.GetNamespace() == namespace || object.GetNamespace() == "") {
			return object
		}
	}
	return nil
}
