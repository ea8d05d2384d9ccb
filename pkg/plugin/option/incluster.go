package option

import (
	"strings"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/plan"
)

// inClusterFlag turns the others on.
const inClusterFlag = "in-cluster"

// InClusterFlags are the flags for a copy by Jobs of a cluster.
type InClusterFlags struct {
	value       InCluster
	on          string
	tolerations []string
	names       []string // of the flags, without --in-cluster
}

// InCluster has the options for a copy by Jobs of a cluster.
type InCluster struct {
	Enabled        bool
	Seed           string   // whose cluster runs the Jobs; "": the master
	Namespace      string   // "": that of KKP
	Image          string   // with the plugin; "": it is put into the target
	PluginArchives []string // of a release, for the image; none: this program
	Shards         int
	Window         time.Duration // 0: no limit
	NodeSelector   map[string]string
	Tolerations    []corev1.Toleration
	HTTPProxy      string
	NoProxy        string // hosts, with commas
	Secret         string // existing Secret with credentials; "": one is made
	Schedule       string // of a CronJob; "": one Job
	Detach         bool
}

// Add adds the flags to those of a command.
func (f *InClusterFlags) Add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.value.Enabled, inClusterFlag, false, "Copy with a Job in a cluster of KKP, and follow the Job as if the copy ran here")
	flags.StringVar(&f.on, "on", "master", "Cluster that runs the Job: master, or seed/NAME")
	flags.StringVar(&f.value.Namespace, "job-namespace", "", "Namespace of the Job (default: --namespace, or else kubermatic)")
	flags.StringVar(&f.value.Image, "image", "", "Image with this plugin for the pods. Default: the plugin is put into the target")
	flags.StringSliceVar(&f.value.PluginArchives, "plugin-archive", nil, "Take the plugin for the pods from this archive of a release (linux, .tar.gz; repeatable), if this machine does not run Linux, or for nodes of another architecture. Default: this program")
	flags.IntVar(&f.value.Shards, "shards", 1, "Number of pods that share the images. More than one helps only if source and target are in one network, and most images share no layers: "+
		"behind one address, all pods share the limits of registries and the bandwidth, and images that share a layer are copied by one pod")
	flags.DurationVar(&f.value.Window, "window", 0, "Longest time for the copy, such as 6h. Then the Job ends; the same command again continues the copy")
	flags.StringToStringVar(&f.value.NodeSelector, "node-selector", nil, "Labels of the nodes that run the pods, KEY=VALUE")
	flags.StringSliceVar(&f.tolerations, "toleration", nil, "Taints of nodes that the pods tolerate, KEY[=VALUE][:EFFECT]; * is every taint")
	flags.StringVar(&f.value.HTTPProxy, "http-proxy", "", "Proxy of the pods for http and https. The variables of this terminal are not used")
	flags.StringVar(&f.value.NoProxy, "no-proxy", "", "Hosts that the pods reach without the proxy, with commas")
	flags.StringVar(&f.value.Secret, "registry-secret", "", "Existing Secret of the type kubernetes.io/dockerconfigjson with the credentials for the pods. Default: a Secret with your credentials for these registries is created with the Job, and deleted with it")
	flags.StringVar(&f.value.Schedule, "schedule", "", `Create or update a CronJob that copies the same images again, such as "0 2 * * *"`)
	flags.BoolVar(&f.value.Detach, "detach", false, "Start the Job, and do not follow it. The same command without --detach follows it")
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != inClusterFlag {
			f.names = append(f.names, flag.Name)
		}
	})
}

// Parse returns the value of the flags for a copy to a target.
func (f *InClusterFlags) Parse(flags *pflag.FlagSet, target images.Target) (InCluster, error) {
	value := f.value
	if !value.Enabled {
		for _, name := range f.names {
			if flags.Changed(name) && (name != "plugin-archive" || !flags.Changed("put-image")) {
				return value, Usagef("--%s is for a copy by a Job: pass --in-cluster, too", name)
			}
		}
		return value, nil
	}
	if target.Archive != "" {
		return value, Usagef("--in-cluster requires a registry as target, not the archive %s", target)
	}
	if value.Shards < 1 || value.Shards > plan.MaxShards {
		return value, Usagef("--shards %d: 1 to %d pods can share the images", value.Shards, plan.MaxShards)
	}
	if value.Window < 0 || value.Window > 0 && value.Window < time.Minute {
		return value, Usagef("--window %s: must be at least 1m", value.Window)
	}
	kind, name, _ := strings.Cut(f.on, "/")
	switch {
	case f.on == "master":
	case kind == "seed" && name != "":
		value.Seed = name
	default:
		return value, Usagef("--on %q: write master or seed/NAME", f.on)
	}
	for _, text := range f.tolerations {
		toleration, err := incluster.ParseToleration(text)
		if err != nil {
			return value, Usagef("--toleration %w", err)
		}
		value.Tolerations = append(value.Tolerations, toleration)
	}
	return value, excludeInCluster(flags, value)
}

// excludeInCluster returns a usage error for flags that a copy by a Job cannot have.
func excludeInCluster(flags *pflag.FlagSet, value InCluster) error {
	err := Exclude(flags, inClusterFlag, "copies from registries to a registry", "load-from", "since", "with-files", "plan")
	if err == nil && value.Schedule != "" {
		err = Exclude(flags, "schedule", "starts no Job now", "detach", "report")
	}
	if err == nil && value.Detach {
		err = Exclude(flags, "detach", "does not wait for a result", "report", "output")
	}
	if err == nil && value.Image != "" {
		err = Exclude(flags, "image", "has the plugin", "plugin-archive")
	}
	return err
}
