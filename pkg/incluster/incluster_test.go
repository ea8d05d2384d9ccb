package incluster_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

func spec() incluster.Spec {
	return incluster.Spec{
		Namespace: "kubermatic", Target: "registry.example.com:5000/kkp", Digest: "sha256:" + strings.Repeat("a", 64),
		Plan: []incluster.File{{Name: "part-000", Data: []byte{1}}, {Name: "part-001", Data: []byte{2}}},
		Args: []string{"--jobs", "8"}, Image: "registry.example.com/plugin@sha256:" + strings.Repeat("b", 64), Shards: 1,
	}
}

func TestAJobForOnePod(t *testing.T) {
	s := spec()
	s.DockerConfig, s.CA, s.HTTPProxy, s.NoProxy = []byte(`{"auths":{}}`), []byte("PEM"), "http://proxy:3128", "10.0.0.0/8"
	s.Window, s.Rate = 6*time.Hour, 200<<20
	job := s.Job()
	if job.Spec.Suspend == nil || !*job.Spec.Suspend {
		t.Error("the Job is not suspended")
	}
	if job.Spec.Completions != nil || *job.Spec.BackoffLimit != 1 || *job.Spec.ActiveDeadlineSeconds != 6*3600 || *job.Spec.TTLSecondsAfterFinished != 3600 {
		t.Errorf("%+v", job.Spec)
	}
	pod := job.Spec.Template.Spec
	want := []string{
		"sync", "registry.example.com:5000/kkp", "--plan", "/var/run/kkp-mirror/plan", "--events", "--rate-limit", "209715200",
		"--ca-file", "/var/run/kkp-mirror/ca/ca.pem", "--jobs", "8",
	}
	if diff := cmp.Diff(want, pod.Containers[0].Args); diff != "" {
		t.Error(diff)
	}
	env := map[string]string{}
	for _, variable := range pod.Containers[0].Env {
		env[variable.Name] = variable.Value
	}
	for name, value := range map[string]string{
		"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "10.0.0.0/8", "DOCKER_CONFIG": "/var/run/kkp-mirror/registry", "HOME": "/tmp",
	} {
		if env[name] != value {
			t.Errorf("%s is %q, want %q", name, env[name], value)
		}
	}
	if diff := cmp.Diff([]corev1.LocalObjectReference{{Name: s.Name()}}, pod.ImagePullSecrets); diff != "" {
		t.Error(diff)
	}
}

func TestAJobForSeveralPods(t *testing.T) {
	s := spec()
	s.Shards, s.Rate = 3, 300<<20
	job := s.Job()
	if *job.Spec.CompletionMode != batchv1.IndexedCompletion || *job.Spec.Completions != 3 || *job.Spec.Parallelism != 3 || *job.Spec.BackoffLimitPerIndex != 1 || job.Spec.BackoffLimit != nil {
		t.Errorf("%+v", job.Spec)
	}
	args := strings.Join(job.Spec.Template.Spec.Containers[0].Args, " ")
	if !strings.Contains(args, "--shard $(JOB_COMPLETION_INDEX)/3 --rate-limit 104857600 ") {
		t.Error(args)
	}
}

// TestMemoryGrowsWithTheImages expects 128 KiB for each of many images. hack/bench pods measures how much they
// need.
func TestMemoryGrowsWithTheImages(t *testing.T) {
	for images, want := range map[int][3]string{0: {"512Mi", "400MiB", "128Mi"}, 3072: {"512Mi", "400MiB", "330Mi"}, 8192: {"1152Mi", "900MiB", "780Mi"}} {
		s := spec()
		s.Images = images
		container := s.Job().Spec.Template.Spec.Containers[0]
		limit, request := container.Resources.Limits.Memory(), container.Resources.Requests.Memory()
		if limit.Cmp(resource.MustParse(want[0])) != 0 || request.Cmp(resource.MustParse(want[2])) != 0 || !slices.Contains(container.Env, corev1.EnvVar{Name: "GOMEMLIMIT", Value: want[1]}) {
			t.Errorf("%d images: limit %s, request %s, %v", images, limit, request, container.Env)
		}
	}
}

// Kubernetes replaces $(NAME) in arguments; those of the user must stay as they are.
func TestArgumentsOfTheUserAreNotExpanded(t *testing.T) {
	s := spec()
	s.Args = []string{"--registry-map", "*=$(HOME)/{host}"}
	args := s.Job().Spec.Template.Spec.Containers[0].Args
	if got := args[len(args)-1]; got != "*=$$(HOME)/{host}" {
		t.Error(got)
	}
}

func TestPodsHaveNoRightsAndNoRoot(t *testing.T) {
	pod := spec().Job().Spec.Template.Spec
	container := pod.Containers[0]
	switch {
	case *pod.AutomountServiceAccountToken || pod.ServiceAccountName != "":
		t.Error("the pod has a token")
	case !*pod.SecurityContext.RunAsNonRoot || *container.SecurityContext.AllowPrivilegeEscalation || !*container.SecurityContext.ReadOnlyRootFilesystem:
		t.Error("the pod may be root")
	case pod.RestartPolicy != corev1.RestartPolicyNever:
		t.Error("the pod restarts its container")
	case container.Resources.Requests.Memory().IsZero() || container.Resources.Limits.Memory().IsZero() || container.Resources.Requests.Cpu().IsZero():
		t.Error("the pod has no requests or limits")
	}
	for _, volume := range pod.Volumes {
		if volume.Secret != nil {
			t.Error("a pod without credentials mounts a Secret")
		}
	}
	for _, mount := range container.VolumeMounts {
		if mount.ReadOnly == (mount.Name == "scratch") {
			t.Errorf("%s: read only is %t", mount.Name, mount.ReadOnly)
		}
	}
}

func TestFailurePolicy(t *testing.T) {
	got := map[batchv1.PodFailurePolicyAction][]int32{}
	for _, rule := range spec().Job().Spec.PodFailurePolicy.Rules {
		if rule.OnExitCodes != nil {
			got[rule.Action] = rule.OnExitCodes.Values
		} else if rule.OnPodConditions[0].Type == corev1.DisruptionTarget {
			got[rule.Action] = nil
		}
	}
	want := map[batchv1.PodFailurePolicyAction][]int32{"Ignore": nil, "FailJob": {1, 2}, "Count": {3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCronJob(t *testing.T) {
	s := spec()
	s.Schedule = "0 2 * * *"
	cron := s.CronJob()
	if cron.Spec.Schedule != s.Schedule || cron.Spec.ConcurrencyPolicy != batchv1.ForbidConcurrent || *cron.Spec.StartingDeadlineSeconds != 3600 || *cron.Spec.FailedJobsHistoryLimit != 3 {
		t.Errorf("%+v", cron.Spec)
	}
	if cron.Spec.JobTemplate.Spec.Suspend != nil || cron.Spec.JobTemplate.Spec.TTLSecondsAfterFinished != nil {
		t.Error("Jobs of a CronJob must start, and stay as its history")
	}
	if labels := cron.Spec.JobTemplate.Labels; labels[incluster.PlanLabel] != "" {
		t.Error("a command would take a Job of the CronJob for its own")
	}
	other := s
	other.Digest = "sha256:" + strings.Repeat("c", 64)
	if other.Name() != s.Name() {
		t.Error("a CronJob for another plan has another name")
	}
}

func TestNames(t *testing.T) {
	a, b, c := spec(), spec(), spec()
	b.Digest, c.Target = "sha256:"+strings.Repeat("c", 64), "registry.example.com/other"
	names := []string{a.Name(), b.Name(), c.Name()}
	slices.Sort(names)
	if len(slices.Compact(names)) != 3 || a.Name() != spec().Name() {
		t.Error(names)
	}
	for name, value := range a.Labels() {
		if len(value) > 63 {
			t.Errorf("%s: %q is too long for a label", name, value)
		}
	}
}

// The same plan has other parts if it is packed for objects that others apply, or by another version of the
// plugin. ConfigMaps cannot be changed, so that each content has its name.
func TestNamesOfACronJobFollowFromTheParts(t *testing.T) {
	s := spec()
	s.Schedule = "0 2 * * *"
	names := map[string]bool{}
	for _, s.Plan = range [][]incluster.File{
		{{Name: "part-000", Data: []byte{1, 2}}, {Name: "part-001", Data: []byte{3}}},
		{{Name: "part-000", Data: []byte{1}}, {Name: "part-001", Data: []byte{2, 3}}},
		{{Name: "part-000", Data: []byte{1}}},
	} {
		names[s.ConfigMaps()[0].Name] = true
	}
	if len(names) != 3 {
		t.Error(names)
	}
}

func TestObjectsForOthersStartByThemselves(t *testing.T) {
	s := spec()
	s.DockerConfig = []byte(`{"auths":{"registry.example.com":{"password":"secret"}}}`)
	var kinds []string
	for _, object := range s.Objects() {
		kinds = append(kinds, object.GetObjectKind().GroupVersionKind().Kind)
		if job, ok := object.(*batchv1.Job); ok && job.Spec.Suspend != nil {
			t.Error("the Job is suspended")
		}
	}
	if diff := cmp.Diff([]string{"ConfigMap", "ConfigMap", "Job"}, kinds); diff != "" {
		t.Error(diff)
	}
	s.Schedule = "0 2 * * *"
	objects := s.Objects()
	if _, ok := objects[len(objects)-1].(*batchv1.CronJob); !ok {
		t.Errorf("%T", objects[len(objects)-1])
	}
}

func TestParseToleration(t *testing.T) {
	for text, want := range map[string]corev1.Toleration{
		"dedicated=mirror:NoSchedule": {Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "mirror", Effect: corev1.TaintEffectNoSchedule},
		"dedicated:NoExecute":         {Key: "dedicated", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
		"dedicated":                   {Key: "dedicated", Operator: corev1.TolerationOpExists},
		"*":                           {Operator: corev1.TolerationOpExists},
	} {
		if got, err := incluster.ParseToleration(text); err != nil || got != want {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ":NoSchedule", "a:Never", "=b"} {
		if got, err := incluster.ParseToleration(text); err == nil {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestNodes(t *testing.T) {
	s := spec()
	if diff := cmp.Diff(map[string]string{"kubernetes.io/os": "linux"}, s.Job().Spec.Template.Spec.NodeSelector); diff != "" {
		t.Error(diff)
	}
	s.Architecture, s.NodeSelector = "amd64", map[string]string{"kubernetes.io/arch": "arm64", "disk": "fast"}
	want := map[string]string{"kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64", "disk": "fast"}
	if diff := cmp.Diff(want, s.Job().Spec.Template.Spec.NodeSelector); diff != "" {
		t.Error(diff)
	}
}
