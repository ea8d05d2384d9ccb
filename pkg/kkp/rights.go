package kkp

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Right is a permission for a request to an API server.
type Right struct {
	Verb      string
	Group     string // "": the core group
	Resource  string // "pods"
	Namespace string // "": all namespaces
	Name      string // "": all objects

	enough []Right // rights that are enough together, in place of this one
}

// String returns the right as a text: "list pods in all namespaces", "get secrets kubermatic/dockercfg".
func (r Right) String() string {
	resource := r.Resource
	if r.Group != "" {
		resource += "." + r.Group
	}
	switch {
	case r.Name != "" && r.Namespace != "":
		return r.Verb + " " + resource + " " + r.Namespace + "/" + r.Name
	case r.Name != "":
		return r.Verb + " " + resource + " " + r.Name
	case r.Namespace != "":
		return r.Verb + " " + resource + " in namespace " + r.Namespace
	case clusterScoped(r):
		return r.Verb + " " + resource
	}
	return r.Verb + " " + resource + " in all namespaces"
}

// clusterScoped reports whether the objects of a right are in no namespace.
func clusterScoped(r Right) bool {
	return slices.Contains([]string{"clusters", "applicationdefinitions", "applicationcatalogs", "namespaces"}, r.Resource)
}

func listing(resource schema.GroupVersionResource, namespace string) Right {
	return Right{Verb: "list", Group: resource.Group, Resource: resource.Resource, Namespace: namespace}
}

func getting(resource schema.GroupVersionResource, namespace, name string) Right {
	return Right{Verb: "get", Group: resource.Group, Resource: resource.Resource, Namespace: namespace, Name: name}
}

// MasterRights are the rights on the master that Load needs for all parts, and with which checks read
// the objects that they compare: the configuration, the Seeds, KKP's operator, and the certificates
// that KKP trusts. searched is the namespace in which the configuration is
// searched, "" for all.
func MasterRights(inst Installation, searched string) []Right {
	configuration := inst.Configuration
	namespace := configuration.Namespace
	secret := func(namespace, name string) Right { return getting(CoreResource("secrets"), namespace, name) }
	rights := []Right{
		listing(ConfigurationResource(), searched), listing(SeedResource(), namespace),
		listing(applicationResource("applicationdefinitions"), ""),
		getting(ConfigurationResource(), namespace, configuration.Name), getting(deploymentResource(), namespace, operator),
		getting(CoreResource("configmaps"), namespace, caBundleName(configuration)), secret(namespace, pullSecretName),
	}
	for _, seed := range inst.Seeds {
		rights = append(rights, getting(SeedResource(), namespace, seed.Name), secret(seed.Kubeconfig.Namespace, seed.Kubeconfig.Name))
	}
	for _, name := range inst.Applications.secrets() {
		rights = append(rights, secret(namespace, name))
	}
	if configuration.Spec.FeatureGates[ExternalCatalog] {
		rights = append(rights, listing(applicationCatalogResource(), ""))
	}
	return append(rights, clusterRights(namespace, nil)...)
}

// SeedRights are the rights on a Seed, with its user clusters, that Load needs for all parts.
// withoutDefaults tells whether KKP leaves out the default operating system profiles.
func SeedRights(seed Seed, withoutDefaults bool) []Right {
	rights := append(clusterRights(seed.Namespace, seed.Clusters),
		listing(clusterResource(), ""), listing(kubermaticResource("addons"), ""), listing(CustomProfileResource(), seed.Namespace))
	if withoutDefaults {
		rights = append(rights, listing(deploymentResource(), ""))
	}
	return rights
}

// clusterRights are the rights that are needed both on the master and on a Seed. Without the rights to
// list across namespaces, those in the namespaces of KKP and of the control planes of user clusters are
// enough.
func clusterRights(namespace string, clusters []Cluster) []Right {
	pods, secrets := listing(CoreResource("pods"), ""), listing(CoreResource("secrets"), "")
	for _, own := range masterNamespaces(namespace) {
		pods.enough = append(pods.enough, listing(CoreResource("pods"), own))
	}
	for _, own := range releaseNamespaces(namespace) {
		secrets.enough = append(secrets.enough, listing(CoreResource("secrets"), own))
	}
	for _, cluster := range clusters {
		pods.enough = append(pods.enough, listing(CoreResource("pods"), cluster.Namespace))
		secrets.enough = append(secrets.enough, getting(CoreResource("secrets"), cluster.Namespace, adminKubeconfig))
	}
	return []Right{pods, secrets, getting(CoreResource("namespaces"), "", metav1.NamespaceSystem)}
}

// UserClusterRights are the rights in a user cluster that Load needs; pods tells whether its pods are
// read.
func UserClusterRights(pods bool) []Right {
	rights := []Right{
		listing(applicationResource("applicationinstallations"), ""), listing(MachineDeploymentResource(), ""),
		listing(osmResource("operatingsystemconfigs"), metav1.NamespaceSystem), listing(ProfileResource(), metav1.NamespaceSystem),
	}
	if pods {
		rights = append(rights, listing(CoreResource("pods"), ""))
	}
	return rights
}

// everything is what the administrators of a cluster may do.
func everything() Right { return Right{Verb: "*", Group: "*", Resource: "*"} }

// reviewsAtOnce bounds the number of rights that an API server is asked for concurrently.
const reviewsAtOnce = 8

// lacking returns the rights that the user of a client does not have.
func lacking(ctx context.Context, client Client, rights []Right) ([]Right, error) {
	missing := make([][]Right, len(rights))
	var group errgroup.Group
	group.SetLimit(reviewsAtOnce)
	for i, right := range rights {
		group.Go(func() (err error) {
			missing[i], err = lackingOf(ctx, client, right)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(missing...), err
}

// maxNarrow bounds the missing rights that are named in place of a right in all namespaces.
const maxNarrow = 10

// lackingOf asks for one right, and if that is missing, for those that are enough in its place.
func lackingOf(ctx context.Context, client Client, right Right) ([]Right, error) {
	has, err := allowed(ctx, client, right)
	if has || err != nil {
		return nil, err
	}
	var missing []Right
	for _, narrow := range right.enough {
		if has, err = allowed(ctx, client, narrow); err != nil {
			return nil, err
		}
		if !has {
			missing = append(missing, narrow)
		}
		if len(missing) > maxNarrow {
			break
		}
	}
	if len(missing) > maxNarrow || len(missing) == len(right.enough) { // also if there are none
		return []Right{right}, nil
	}
	return missing, nil
}

// allowed asks an API server whether the user of a client has a right.
func allowed(ctx context.Context, client Client, right Right) (bool, error) {
	attributes := map[string]any{"verb": right.Verb, "group": right.Group, "resource": right.Resource, "namespace": right.Namespace, "name": right.Name}
	review := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": map[string]any{"resourceAttributes": attributes},
	}}
	resource := schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}
	answer, err := client.Resource(resource).Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	has, _, err := unstructured.NestedBool(answer.Object, "status", "allowed")
	return has, err
}
