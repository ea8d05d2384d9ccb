package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/plan"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

const (
	// defaultNamespace is KKP's own namespace, which exists on the master and on Seeds.
	defaultNamespace = "kubermatic"
	// maxCABytes bounds the certificates for the pods, which are in a ConfigMap.
	maxCABytes = 512 << 10
)

// jobRunner connects to the cluster that runs the Job.
func (o syncOptions) jobRunner(ctx context.Context) (runner.Runner, error) {
	r := runner.Runner{Namespace: cmp.Or(o.inCluster.Namespace, o.installation.connection.Namespace, defaultNamespace), Cluster: "the master cluster"}
	config, err := o.installation.masterConfig()
	if err != nil {
		return r, err
	}
	if o.inCluster.Seed != "" {
		r.Cluster = "Seed " + o.inCluster.Seed
		if config, err = o.seedConfig(ctx, config); err != nil {
			return r, err
		}
	}
	config = rest.CopyConfig(config)
	config.Timeout = 0 // logs are read for hours
	config.QPS, config.Burst, config.UserAgent = 50, 100, userAgent()
	config.WarningHandler = rest.NewWarningWriter(o.streams.ErrOut, rest.WarningWriterOptions{Deduplicate: true})
	r.Client, err = kubernetes.NewForConfig(config)
	return r, err
}

// seedConfig returns the configuration for the cluster of the Seed of --on.
func (o syncOptions) seedConfig(ctx context.Context, master *rest.Config) (*rest.Config, error) {
	inst, err := o.installation.read(ctx, []kkp.Part{})
	if err != nil {
		return nil, fmt.Errorf("--on seed/%s: %w", o.inCluster.Seed, err)
	}
	client, err := connector(master, o.streams.ErrOut)(master)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, seed := range inst.Seeds {
		if seed.Name == o.inCluster.Seed {
			config, err := kkp.SeedConfig(ctx, client, seed)
			if err != nil {
				return nil, fmt.Errorf("--on seed/%s: %w", seed.Name, err)
			}
			return config, nil
		}
		names = append(names, seed.Name)
	}
	return nil, option.Usagef("--on seed/%s: there is no such Seed; known Seeds: %s", o.inCluster.Seed, strings.Join(names, ", "))
}

// jobSpec returns what the Job copies, and how its pods run. size is that of the parts of the plan.
func (o syncOptions) jobSpec(ctx context.Context, p planned, packed plan.Plan, size int) (incluster.Spec, error) {
	in := o.inCluster
	spec := incluster.Spec{
		Namespace: cmp.Or(in.Namespace, o.installation.connection.Namespace, defaultNamespace), Target: o.target.String(), Digest: packed.Digest(),
		Args: o.podArgs(), Secret: in.Secret, HTTPProxy: in.HTTPProxy, NoProxy: in.NoProxy, Shards: in.Shards, Images: packed.Most(len(p.inventory.Images)), Window: in.Window, Rate: o.rateLimit,
		NodeSelector: in.NodeSelector, Tolerations: in.Tolerations, Schedule: in.Schedule,
	}
	parts, err := packed.Pack(size)
	if err != nil {
		return spec, err
	}
	for _, part := range parts {
		spec.Plan = append(spec.Plan, incluster.File{Name: part.Name, Data: part.Content})
	}
	if spec.CA, err = o.podCAs(); err != nil {
		return spec, err
	}
	if err := o.podImage(ctx, p, &spec); err != nil {
		return spec, err
	}
	if in.Secret == "" && o.dryRun == option.DryRunNone {
		spec.DockerConfig, err = o.podCredentials(ctx, p, spec.Image)
	}
	return spec, err
}

// podImage sets the image of the pods: that of --image, or this plugin, which is put into the target.
// An image for one architecture runs on nodes of this architecture only.
func (o syncOptions) podImage(ctx context.Context, p planned, spec *incluster.Spec) error {
	if spec.Image = o.inCluster.Image; spec.Image != "" {
		return nil
	}
	architectures, err := o.podArchitectures()
	if err != nil {
		return err
	}
	executables, err := o.executables(architectures, o.inCluster.PluginArchives)
	if err != nil {
		return err
	}
	ref, err := o.putImage(ctx, p.registries, executables)
	if err != nil {
		return err
	}
	spec.Image = ref.String()
	if len(executables) == 1 {
		spec.Architecture = executables[0].Architecture
	}
	return nil
}

// podArchitectures are the architectures of the image: those of --plugin-archive, or that of this
// program.
func (o syncOptions) podArchitectures() ([]string, error) {
	var architectures []string
	for _, path := range o.inCluster.PluginArchives {
		e, _, err := readArchive(path)
		if err != nil {
			return nil, fmt.Errorf("--plugin-archive %s: %w", path, err)
		}
		architectures = append(architectures, e.Architecture)
	}
	switch {
	case len(architectures) > 0:
		return architectures, nil
	case runtime.GOOS == "linux":
		return []string{runtime.GOARCH}, nil
	default:
		return []string{"amd64"}, nil // that of most nodes
	}
}

// podArgs are the flags of the command that also apply in the pods.
func (o syncOptions) podArgs() []string {
	args := o.registry.ForPods()
	for _, platform := range o.content.Platforms {
		args = append(args, "--platform", platform.String())
	}
	if o.content.NoReferrers {
		args = append(args, "--no-referrers")
	}
	if o.allowDigestChange {
		args = append(args, "--allow-digest-change")
	}
	return args
}

// podCAs reads the certificates that the pods trust.
func (o syncOptions) podCAs() ([]byte, error) {
	if o.registry.CAFile == "" {
		return nil, nil
	}
	file, err := os.Open(o.registry.CAFile)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	defer file.Close()
	data, err := bounded.ReadAll(file, maxCABytes)
	if err != nil {
		return nil, fmt.Errorf("--ca-file %s: %w", o.registry.CAFile, err)
	}
	return data, nil
}

// podCredentials returns a docker configuration with the credentials for exactly the repositories of
// the plan, and for the image of the pods.
func (o syncOptions) podCredentials(ctx context.Context, p planned, image string) ([]byte, error) {
	ref, err := images.ParseRef(image)
	if err != nil {
		return nil, option.Usagef("--image: %w", err)
	}
	var sources []images.Ref
	targets := []images.Ref{ref}
	for _, step := range p.plan.Copies {
		sources, targets = append(sources, step.Source), append(targets, step.Target)
	}
	return p.registries.DockerConfig(ctx, sources, targets)
}

// manifestOf returns an object as others apply it, without a status.
func manifestOf(object any) (map[string]any, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	delete(document, "status")
	return document, nil
}

// removeLine is the command that deletes objects.
func removeLine(namespace string, names ...string) string {
	return "kubectl delete -n " + namespace + " " + strings.Join(names, " ")
}
