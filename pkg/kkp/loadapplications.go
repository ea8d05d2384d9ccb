package kkp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// applicationsGroup is the API group of applications.
const applicationsGroup = "apps.kubermatic.k8c.io"

func applicationResource(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: applicationsGroup, Version: "v1", Resource: resource}
}

// loadApplications reads the ApplicationDefinitions and the credentials for their charts. A master
// without this CRD has none.
func loadApplications(ctx context.Context, client Client, namespace string) (apps Applications, missed []Unread) {
	var err error
	apps.Definitions, err = list(ctx, client, query{resource: applicationResource("applicationdefinitions")}, applicationFrom)
	if notInstalled(err) {
		return apps, nil
	}
	if err != nil {
		missed = append(missed, Unread{PartApps, "ApplicationDefinitions on master", unread("master", err)})
	}
	secrets := &secretReader{client: client, read: map[SecretKey]readSecret{}}
	for i := range apps.Definitions {
		for j := range apps.Definitions[i].Versions {
			app, version := apps.Definitions[i].Name, &apps.Definitions[i].Versions[j]
			if err := version.Chart.Credentials.load(ctx, secrets, namespace); err != nil {
				subject := fmt.Sprintf("credentials for application %s %s", app, version.Version)
				missed = append(missed, Unread{PartApps, subject, unread("master", err)})
			}
		}
	}
	return apps, missed
}

// SecretType is the annotation of Secrets for applications, and SecretTypeHelm its value for chart
// repositories (kubermatic pkg/apis/apps.kubermatic/v1, v2.31.0). KKP copies only annotated Secrets
// to user clusters.
const (
	SecretType     = "apps.kubermatic.k8c.io/secret-type"
	SecretTypeHelm = "helm"
)

// load reads credentials from their Secrets in KKP's namespace (kubermatic
// pkg/applications/providers/source, v2.31.0). If a part of the credentials cannot be read, there
// are no credentials.
func (c *Credentials) load(ctx context.Context, secrets *secretReader, namespace string) error {
	value := func(ref *secretRef) ([]byte, error) {
		if ref == nil {
			return nil, nil
		}
		return secrets.helm(ctx, SecretKey{Namespace: namespace, Name: ref.Name, Key: ref.Key})
	}
	username, failure1 := value(c.keys.Username)
	password, failure2 := value(c.keys.Password)
	config, failure3 := value(c.keys.RegistryConfigFile)
	c.RegistryConfig = config
	if failure1 == nil && failure2 == nil {
		c.Username, c.Password = string(username), string(password)
	}
	return errors.Join(failure1, failure2, failure3)
}

// secretReader reads Secrets, each once: the versions of an application share their credentials.
type secretReader struct {
	client dynamic.Interface
	read   map[SecretKey]readSecret // without the key
}

type readSecret struct {
	secret *unstructured.Unstructured
	err    error
}

// helm reads a value of a Secret that is annotated for chart repositories. An
// ApplicationDefinition can name a Secret that its author may not read, and an address to which the
// value is sent. Only a user who may write the Secret can add the annotation.
func (r *secretReader) helm(ctx context.Context, key SecretKey) ([]byte, error) {
	whole := SecretKey{Namespace: key.Namespace, Name: key.Name}
	one, ok := r.read[whole]
	if !ok {
		one.secret, one.err = getSecret(ctx, r.client, key)
		r.read[whole] = one
	}
	if one.err != nil {
		return nil, one.err
	}
	if one.secret.GetAnnotations()[SecretType] != SecretTypeHelm {
		return nil, fmt.Errorf("the Secret %s/%s is not used for chart repositories: the Secret lacks the annotation %s: %s; "+
			"to allow sending the Secret to chart repositories, add the annotation", key.Namespace, key.Name, SecretType, SecretTypeHelm)
	}
	return valueOf(one.secret, key)
}

// secrets are the names of the Secrets with credentials for charts.
func (a Applications) secrets() []string {
	var names []string
	for _, app := range a.Definitions {
		for _, version := range app.Versions {
			keys := version.Chart.Credentials.keys
			for _, ref := range []*secretRef{keys.Username, keys.Password, keys.RegistryConfigFile} {
				if ref != nil {
					names = append(names, ref.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
