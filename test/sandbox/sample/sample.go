// Package sample puts a KKP installation into API servers: definitions, a configuration, Seeds, user clusters, and the
// workloads with the images that the release runs. It knows KKP's objects, and not how the servers run.
package sample

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/crds"
)

const (
	// Namespace is where KKP lives on the master and on each seed.
	Namespace = "kubermatic"
	// Configuration is the name of the KubermaticConfiguration.
	Configuration = "kubermatic"
	// RestrictedUser may, on the master, read KubermaticConfigurations and Seeds, and nothing else.
	RestrictedUser = "restricted"
	// ApplicationsUser may, on the master, edit ApplicationDefinitions, and nothing else.
	ApplicationsUser = "applications"
	// MinioUser may, on the remote seed, write Secrets in the namespace minio, and nothing else.
	MinioUser = "minio"
	// MasterSeed is the Seed whose cluster is the master too.
	MasterSeed = "hamburg"
	// RemoteSeed is the Seed with a cluster of its own.
	RemoteSeed = "frankfurt"
	// UserCluster is the user cluster with an API server of its own. It belongs to the MasterSeed.
	UserCluster = "kd7x2mq4nz"
)

// Cluster is an API server to fill, by its administrator.
type Cluster struct {
	Config     *rest.Config
	Kubeconfig []byte
}

// Sample is an installation of one release.
type Sample struct {
	Release     Release
	Definitions []*apiextensionsv1.CustomResourceDefinition
}

// New returns the sample of a minor version of KKP, such as "2.31". crdsDir may name a directory with definitions that are
// to take the place of the sample's own.
func New(minor, crdsDir string) (Sample, error) {
	release, err := ReleaseOf(minor)
	if err != nil {
		return Sample{}, err
	}
	definitions, err := crds.All(release.Version)
	if err == nil && crdsDir != "" {
		definitions, err = crds.Replaced(definitions, crdsDir)
	}

	return Sample{Release: release, Definitions: definitions}, err
}

// Define gives an API server the definitions of KKP's objects.
func (s Sample) Define(ctx context.Context, cluster Cluster) error {
	return createDefinitions(ctx, cluster.Config, s.Definitions)
}

// Prepare fills an API server with what the master and every seed have alike: definitions and the configuration. Only the
// master's configuration has a status.
func (s Sample) Prepare(ctx context.Context, cluster Cluster, master bool) error {
	if err := s.Define(ctx, cluster); err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(cluster.Config)
	if err != nil {
		return err
	}
	if _, err := s.Release.createFile(ctx, client, "namespace.yaml"); err != nil {
		return err
	}
	configuration, err := s.Release.read("configuration.yaml")
	if err != nil {
		return err
	}
	for _, object := range configuration {
		if !master {
			delete(object.Object, "status")
		}
		if _, err := create(ctx, client, object); err != nil {
			return err
		}
	}

	return nil
}

// Master fills the prepared master: Seeds with the Secrets that lead to their clusters, KKP's own workloads, users.
func (s Sample) Master(ctx context.Context, master Cluster, seeds map[string]Cluster) error {
	client, err := dynamic.NewForConfig(master.Config)
	if err != nil {
		return err
	}
	for name, seed := range seeds {
		if err := createKubeconfig(ctx, client, Namespace, "kubeconfig-"+name, seed.Kubeconfig); err != nil {
			return err
		}
		if _, err := s.Release.createFile(ctx, client, "seed-"+name+".yaml"); err != nil {
			return err
		}
	}
	for _, file := range []string{"restricted.yaml", "attacker-applications.yaml", "toolbox.yaml"} {
		if _, err := s.Release.createFile(ctx, client, file); err != nil {
			return err
		}
	}

	names := []string{MasterSeed, RemoteSeed}
	if err := createWorkloads(ctx, client, Namespace, s.Release.labels(), s.Release.masterWorkloads(names)); err != nil {
		return err
	}

	if err := s.Release.applyGitOps(ctx, client); err != nil {
		return err
	}

	return debug(ctx, master.Config, "kubermatic-api")
}

// Seed fills a prepared seed: KKP's workloads for it, and its user clusters. user is the one with an API server of its own;
// the seed's API server is that of the others, too.
func (s Sample) Seed(ctx context.Context, name string, seed, user Cluster) error {
	client, err := dynamic.NewForConfig(seed.Config)
	if err != nil {
		return err
	}
	if name != MasterSeed {
		// On the master, the Seed is there already.
		if _, err := s.Release.createFile(ctx, client, "seed-"+name+".yaml"); err != nil {
			return err
		}
	}
	if err := createWorkloads(ctx, client, Namespace, s.Release.labels(), s.Release.seedWorkloads()); err != nil {
		return err
	}

	clusters, err := s.Release.createFile(ctx, client, "clusters-"+name+".yaml")
	if err != nil {
		return err
	}
	for _, cluster := range clusters {
		if err := s.Release.createCluster(ctx, client, cluster); err != nil {
			return err
		}
		kubeconfig := seed.Kubeconfig
		if cluster.GetName() == UserCluster {
			kubeconfig = user.Kubeconfig
		}
		namespace, _, _ := unstructured.NestedString(cluster.Object, "status", "namespaceName")
		if err := createKubeconfig(ctx, client, namespace, "admin-kubeconfig", kubeconfig); err != nil {
			return err
		}
	}
	if name != MasterSeed {
		if err := s.Release.applyGitOps(ctx, client); err != nil {
			return err
		}
		if _, err := s.Release.createFile(ctx, client, "attacker-minio.yaml"); err != nil {
			return err
		}
	}

	return s.Release.fillUserCluster(ctx, client, "installations.yaml", "machines.yaml")
}

// createKubeconfig creates a Secret with a kubeconfig, as KKP reads and keeps them.
func createKubeconfig(ctx context.Context, client dynamic.Interface, namespace, name string, kubeconfig []byte) error {
	secret, err := generic(&corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Data:       map[string][]byte{"kubeconfig": kubeconfig},
	})
	if err == nil {
		_, err = create(ctx, client, secret)
	}

	return err
}

// labels are on everything that the KKP operator creates.
func (r Release) labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":       "",
		"app.kubernetes.io/managed-by": "kubermatic-operator",
		"app.kubernetes.io/version":    r.Version,
	}
}

// debug attaches an ephemeral container to the pod of a Deployment, as kubectl debug does.
func debug(ctx context.Context, config *rest.Config, deployment string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	pods := client.CoreV1().Pods(Namespace)
	pod, err := pods.Get(ctx, workload{name: deployment}.podName(Namespace), metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("debugging %s: %w", deployment, err)
	}

	pod.Spec.EphemeralContainers = append(pod.Spec.EphemeralContainers, corev1.EphemeralContainer{
		EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debugger", Image: "docker.io/nicolaka/netshoot:v0.13"},
	})
	if _, err := pods.UpdateEphemeralContainers(ctx, pod.Name, pod, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("debugging %s: %w", deployment, err)
	}

	return nil
}
