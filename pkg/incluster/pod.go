package incluster

import (
	"fmt"
	"maps"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Directories and files in the pods. Only scratch can be written.
const (
	planDir     = "/var/run/kkp-mirror/plan"
	registryDir = "/var/run/kkp-mirror/registry"
	caDir       = "/var/run/kkp-mirror/ca"
	scratchDir  = "/tmp"

	caFile     = "ca.pem"
	configFile = "config.json" // docker's name for a file with credentials
)

// Resources of a pod. A sync needs about 60 MiB, and 90 KiB for each image, whatever the size of the layers
// (docs/performance.md); manifests that are kept during the copy take up to 64 MiB of scratch.
const (
	leastRequest   = 128       // MiB: the lowest request, which is that of up to 774 images
	baseRequest    = 60        // MiB of the request of a pod with more images
	requestOfImage = 90        // KiB for each image
	leastMemory    = 512       // MiB: the lowest limit, which is that of up to 3,072 images
	baseMemory     = 128       // MiB of the limit of a pod with more images
	imagesOfMemory = 8         // images for each further MiB
	collected      = 25.0 / 32 // part of the limit from which Go's garbage collector works harder
	cpuRequest     = "200m"
	cpuLimit       = "2"
	scratchSize    = "256Mi"
	user           = 65532 // "nonroot" in images without a user database
)

// request returns the memory that a pod needs, in MiB: the scheduler looks for a node with as much.
func (s Spec) request() int { return max(leastRequest, baseRequest+s.Images*requestOfImage/1024) }

// memory returns the limit of memory of a pod, in MiB.
func (s Spec) memory() int { return max(leastMemory, baseMemory+s.Images/imagesOfMemory) }

func mebibytes(number int) resource.Quantity { return resource.MustParse(fmt.Sprintf("%dMi", number)) }

// indexVariable is the variable with the number of a pod of an Indexed Job, from 0.
const indexVariable = "JOB_COMPLETION_INDEX"

// podSpec returns the pod. It has no rights in Kubernetes, and satisfies the Pod Security Standard
// "restricted".
func (s Spec) podSpec() corev1.PodSpec {
	spec := corev1.PodSpec{
		RestartPolicy:                corev1.RestartPolicyNever,
		AutomountServiceAccountToken: new(false),
		EnableServiceLinks:           new(false),
		NodeSelector:                 s.nodeSelector(),
		Tolerations:                  s.Tolerations,
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: new(true), RunAsUser: new(int64(user)), RunAsGroup: new(int64(user)), FSGroup: new(int64(user)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{s.container()},
		Volumes:    s.volumes(),
	}
	if name := s.secretName(); name != "" {
		spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: name}}
	}
	return spec
}

// nodeSelector returns the labels of the nodes. Those of the user take precedence.
func (s Spec) nodeSelector() map[string]string {
	selector := map[string]string{corev1.LabelOSStable: "linux"}
	if s.Architecture != "" {
		selector[corev1.LabelArchStable] = s.Architecture
	}
	maps.Copy(selector, s.NodeSelector)
	return selector
}

func (s Spec) container() corev1.Container {
	container := corev1.Container{
		Name: Container, Image: s.Image, Args: s.args(), Env: s.env(),
		ImagePullPolicy:          corev1.PullIfNotPresent,
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse(cpuRequest), corev1.ResourceMemory: mebibytes(s.request()),
			},
			Limits: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse(cpuLimit), corev1.ResourceMemory: mebibytes(s.memory()),
			},
		},
	}
	for _, volume := range s.volumes() {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{
			Name: volume.Name, MountPath: mountPaths()[volume.Name], ReadOnly: volume.EmptyDir == nil,
		})
	}
	return container
}

// args returns the command line of a pod. Kubernetes replaces the variable with the number of the
// pod.
func (s Spec) args() []string {
	args := []string{"sync", s.Target, "--plan", planDir, "--events"}
	if s.shards() > 1 {
		args = append(args, "--shard", fmt.Sprintf("$(%s)/%d", indexVariable, s.shards()))
	}
	if s.Rate > 0 {
		args = append(args, "--rate-limit", strconv.FormatInt(s.Rate/int64(s.shards()), 10))
	}
	if len(s.CA) > 0 {
		args = append(args, "--ca-file", caDir+"/"+caFile)
	}
	for _, arg := range s.Args {
		args = append(args, escaped(arg))
	}
	return args
}

// escaped protects an argument from Kubernetes, which replaces $(NAME).
func escaped(arg string) string {
	var text []rune
	for _, r := range arg {
		if r == '$' {
			text = append(text, '$')
		}
		text = append(text, r)
	}
	return string(text)
}

func (s Spec) env() []corev1.EnvVar {
	env := []corev1.EnvVar{{Name: "HOME", Value: scratchDir}, {Name: "GOMEMLIMIT", Value: fmt.Sprintf("%dMiB", int(collected*float64(s.memory())))}}
	if s.secretName() != "" {
		env = append(env, corev1.EnvVar{Name: "DOCKER_CONFIG", Value: registryDir})
	}
	if s.HTTPProxy != "" {
		env = append(env, corev1.EnvVar{Name: "HTTP_PROXY", Value: s.HTTPProxy}, corev1.EnvVar{Name: "HTTPS_PROXY", Value: s.HTTPProxy})
	}
	if s.NoProxy != "" {
		env = append(env, corev1.EnvVar{Name: "NO_PROXY", Value: s.NoProxy})
	}
	return env
}

// Names of the volumes.
const (
	planVolume     = "plan"
	registryVolume = "registry"
	caVolume       = "ca"
	scratchVolume  = "scratch"
)

func mountPaths() map[string]string {
	return map[string]string{planVolume: planDir, registryVolume: registryDir, caVolume: caDir, scratchVolume: scratchDir}
}

// volumes returns the volumes: the parts of the plan in one directory, the certificates, the
// credentials and an empty directory.
func (s Spec) volumes() []corev1.Volume {
	plan := &corev1.ProjectedVolumeSource{}
	for i := range s.Plan {
		plan.Sources = append(plan.Sources, corev1.VolumeProjection{
			ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: s.planName(i)}},
		})
	}
	volumes := []corev1.Volume{
		{Name: planVolume, VolumeSource: corev1.VolumeSource{Projected: plan}},
		{Name: scratchVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: new(resource.MustParse(scratchSize))}}},
	}
	if len(s.CA) > 0 {
		volumes = append(volumes, corev1.Volume{Name: caVolume, VolumeSource: corev1.VolumeSource{
			ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: s.caName()}},
		}})
	}
	if name := s.secretName(); name != "" {
		volumes = append(volumes, corev1.Volume{Name: registryVolume, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: name, DefaultMode: new(int32(0o440)),
			Items: []corev1.KeyToPath{{Key: corev1.DockerConfigJsonKey, Path: configFile}},
		}}})
	}
	return volumes
}
