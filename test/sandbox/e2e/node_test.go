package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/node"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
)

const (
	podTimeout = 2 * time.Minute
	image      = "quay.io/acme/app:1.0.0"
	live       = `{"metadata": {"labels": {"sandbox.kkp-mirror.dev/live": "true"}}}`
)

func TestNode(t *testing.T) {
	binary := build(t)
	if err := node.Missing(filepath.Dir(binary)); err != nil {
		if os.Getenv("KKP_MIRROR_REQUIRE_NODES") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	images := filepath.Join(t.TempDir(), "images")
	if err := os.WriteFile(images, []byte(image+"\nregistry.k8s.io/pause:3.10.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := look(t)

	t.Run("pods run, and nothing is left behind", func(t *testing.T) {
		sandbox := start(t, binary, "--node", "--images", images)
		line := sandbox.ready(t)
		checkPodsRun(t, line)
		namespace := pidNamespace(t, line.Clusters[line.Node.Cluster])
		sandbox.end(t)
		before.compare(t)
		checkEnded(t, namespace)
	})

	t.Run("nothing is left behind by a sandbox that was killed", func(t *testing.T) {
		sandbox := start(t, binary, "--node", "--images", images)
		line := sandbox.ready(t)
		namespace := pidNamespace(t, line.Clusters[line.Node.Cluster])
		sandbox.signal(t, syscall.SIGKILL)
		if err := sandbox.wait(t); err == nil {
			t.Error("it ended as if it had not been killed")
		}
		deadline := time.Now().Add(stopTimeout) // nobody is there to wait for the guard of the node
		for entries, _ := os.ReadDir(sandbox.tmp); len(entries) > 0 && time.Now().Before(deadline); entries, _ = os.ReadDir(sandbox.tmp) {
			time.Sleep(100 * time.Millisecond)
		}
		sandbox.checkGone(t)
		before.compare(t)
		checkEnded(t, namespace)
	})
}

// checkPodsRun gives life to a namespace of the user cluster, and looks at what runs then.
func checkPodsRun(t *testing.T, line ready.Line) {
	client := kubernetes.NewForConfigOrDie(config(t, line.Clusters[line.Node.Cluster]))
	if _, err := os.Stat(line.Node.Containerd); err != nil {
		t.Error(err)
	}
	_, err := client.CoreV1().Namespaces().Patch(t.Context(), "default", types.MergePatchType, []byte(live), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}

	t.Run("an Indexed Job completes", func(t *testing.T) { checkJob(t, client, line.Node.Name) })
	t.Run("a finished Job goes with all that it owns", func(t *testing.T) { checkGarbage(t, client) })
	t.Run("a pod that asks for another node waits", func(t *testing.T) { checkUnschedulable(t, client) })
	t.Run("a missing image is reported, and nothing gets out", func(t *testing.T) { checkMissing(t, client, line.Relay.Log) })
}

func checkJob(t *testing.T, client kubernetes.Interface, node string) {
	jobs := client.BatchV1().Jobs("default")
	job, err := jobs.Create(t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "indexed"},
		Spec: batchv1.JobSpec{
			CompletionMode: new(batchv1.IndexedCompletion), Completions: new(int32(3)), Parallelism: new(int32(2)),
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever,
				Containers: []corev1.Container{{
					Name: "c", Image: image, Args: []string{"env"}, ImagePullPolicy: corev1.PullAlways,
					SecurityContext: &corev1.SecurityContext{
						RunAsUser: new(int64(1000)), ReadOnlyRootFilesystem: new(true),
						SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
					},
				}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if job.Spec.Template.Spec.HostNetwork {
		t.Error("the template was changed, not the pods")
	}

	await(t, "the Job to complete", func(ctx context.Context) (bool, error) {
		job, err = jobs.Get(ctx, "indexed", metav1.GetOptions{})
		return err == nil && job.Status.Succeeded == 3 && job.Status.CompletionTime != nil, err
	})
	pods, err := client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: "batch.kubernetes.io/job-name=indexed"})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		if pod.Spec.NodeName != node || !pod.Spec.HostNetwork {
			t.Errorf("%s: node %q, host network %t", pod.Name, pod.Spec.NodeName, pod.Spec.HostNetwork)
		}
		output, err := client.CoreV1().Pods("default").GetLogs(pod.Name, &corev1.PodLogOptions{}).DoRaw(t.Context())
		if want := "JOB_COMPLETION_INDEX=" + pod.Annotations[batchv1.JobCompletionIndexAnnotation]; err != nil || !strings.Contains(string(output), want) {
			t.Errorf("%s printed %q, which is without %s: %v", pod.Name, output, want, err)
		}
	}
}

// checkGarbage has the time of the Job of checkJob end. A ConfigMap of somebody else stays.
func checkGarbage(t *testing.T, client kubernetes.Interface) {
	job, err := client.BatchV1().Jobs("default").Get(t.Context(), "indexed", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	maps := client.CoreV1().ConfigMaps("default")
	for name, owners := range map[string][]metav1.OwnerReference{
		"owned": {{APIVersion: "batch/v1", Kind: "Job", Name: job.Name, UID: job.UID}}, "free": nil,
	} {
		_, err := maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: owners}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = client.BatchV1().Jobs("default").Patch(t.Context(), job.Name, types.MergePatchType, []byte(`{"spec": {"ttlSecondsAfterFinished": 0}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}

	await(t, "the Job, its pods and its ConfigMap to be gone", func(ctx context.Context) (bool, error) {
		jobs, err := client.BatchV1().Jobs("default").List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		pods, err := client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		_, err = maps.Get(ctx, "owned", metav1.GetOptions{})
		return len(jobs.Items) == 0 && len(pods.Items) == 0 && apierrors.IsNotFound(err), nil
	})
	if _, err := maps.Get(t.Context(), "free", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
}

func checkUnschedulable(t *testing.T, client kubernetes.Interface) {
	pods := client.CoreV1().Pods("default")
	_, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "elsewhere"},
		Spec:       corev1.PodSpec{NodeSelector: map[string]string{"disk": "fast"}, Containers: []corev1.Container{{Name: "c", Image: image}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	await(t, "Unschedulable", func(ctx context.Context) (bool, error) {
		pod, err := pods.Get(ctx, "elsewhere", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodScheduled {
				return condition.Status == corev1.ConditionFalse && condition.Reason == corev1.PodReasonUnschedulable && pod.Spec.NodeName == "", nil
			}
		}
		return false, nil
	})
}

func checkMissing(t *testing.T, client kubernetes.Interface, log string) {
	pods := client.CoreV1().Pods("default")
	_, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "missing"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "ghcr.io/acme/missing:1.0.0"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	await(t, "ImagePullBackOff", func(ctx context.Context) (bool, error) {
		pod, err := pods.Get(ctx, "missing", metav1.GetOptions{})
		if err != nil || len(pod.Status.ContainerStatuses) == 0 || pod.Status.ContainerStatuses[0].State.Waiting == nil {
			return false, err
		}
		return pod.Status.ContainerStatuses[0].State.Waiting.Reason == "ImagePullBackOff", nil
	})
	requests, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(requests), "CONNECT ghcr.io:443\n") {
		t.Errorf("the relay was asked for %q: %v", requests, err)
	}
	if strings.Contains(string(requests), "quay.io") {
		t.Errorf("an image that the stand-in has was asked for elsewhere: %q", requests)
	}
}

func await(t *testing.T, what string, condition wait.ConditionWithContextFunc) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, podTimeout, true, condition); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}
