package kkp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// manyPods has every field that is read, and others around them.
func manyPods() *corev1.PodList {
	list := &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "7", Continue: "next"}}
	for i := range 5 {
		name := fmt.Sprintf("pod-%d", i)
		container := corev1.Container{
			Name: "c", Image: "registry.example.com/" + name + ":1", Args: []string{"a", strings.Repeat("b", 300)},
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}},
			Ports:     []corev1.ContainerPort{{ContainerPort: 80}},
		}
		list.Items = append(list.Items, corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "ns", Name: name, Generation: 1 << 40, Labels: map[string]string{"app": name, "empty": ""}, Annotations: map[string]string{"a": "b"},
				OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: name + "-rs", Controller: new(true)}},
				ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: "m", FieldsV1: &metav1.FieldsV1{}}},
			},
			Spec: corev1.PodSpec{
				InitContainers: []corev1.Container{container, {Name: "without image"}}, Containers: []corev1.Container{container},
				EphemeralContainers: []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Image: "debug"}, TargetContainerName: "c"}},
				Volumes: []corev1.Volume{
					{Name: "v", VolumeSource: corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: "volume:1", PullPolicy: corev1.PullAlways}}},
					{Name: "w", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				},
				TerminationGracePeriodSeconds: new(int64(30)), HostNetwork: true,
			},
			Status: corev1.PodStatus{
				Phase: corev1.PodRunning, PodIP: "10.0.0.1",
				InitContainerStatuses:      []corev1.ContainerStatus{waitingFor("without image", "PodInitializing", "")},
				ContainerStatuses:          []corev1.ContainerStatus{waitingFor("c", "ImagePullBackOff", "denied"+strings.Repeat("\x1b", 500)), {Name: "d", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
				EphemeralContainerStatuses: []corev1.ContainerStatus{waitingFor("", "ErrImagePull", "no such image")},
			},
		})
	}
	list.Items[3].Labels, list.Items[4].OwnerReferences = nil, nil
	return list
}

func waitingFor(name, reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, Image: "i", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}

func inProtobuf(t testing.TB, list *corev1.PodList) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(list, &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func decoded(data io.Reader, most int64) (pods []Pod, r *pageReader, next string, err error) {
	r = &pageReader{body: data, left: most}
	next, err = decodePods(r, func(view podView, err error) error {
		pods = append(pods, view.pod())
		return err
	})
	return pods, r, next, err
}

// TestPodsInProtobuf compares pods in Protocol Buffers with the same pods in JSON.
func TestPodsInProtobuf(t *testing.T) {
	list := manyPods()
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	want, _, next, err := decoded(bytes.NewReader(text), 1<<20)
	if err != nil || next != "next" || len(want) != 5 || len(want[0].Images) != 5 {
		t.Fatalf("%+v, %q, %v", want, next, err)
	}
	pulls := []FailedPull{
		{"c", "registry.example.com/pod-0:1", "ImagePullBackOff", "denied" + strings.Repeat("\x1b", maxReason-6) + " …"}, {"", "debug", "ErrImagePull", "no such image"},
	}
	if diff := cmp.Diff(pulls, want[0].Pulls); diff != "" {
		t.Error(diff)
	}
	got, _, next, err := decoded(bytes.NewReader(inProtobuf(t, list)), 1<<20)
	if diff := cmp.Diff(want, got); diff != "" || next != "next" || err != nil {
		t.Errorf("%s %q %v", diff, next, err)
	}
	if pods, _, next, err := decoded(bytes.NewReader(inProtobuf(t, &corev1.PodList{})), 1<<20); len(pods) > 0 || next != "" || err != nil {
		t.Errorf("%v %q %v", pods, next, err)
	}
}

// TestBrokenPods wants an error for each list that is cut off, and bounds.
func TestBrokenPods(t *testing.T) {
	whole := inProtobuf(t, manyPods())
	for cut := len(magic); cut < len(whole)-4; cut += 7 { // the last two fields are empty
		if _, _, _, err := decoded(bytes.NewReader(whole[:cut]), 1<<20); err == nil {
			t.Fatalf("cut off at %d of %d bytes", cut, len(whole))
		}
	}
	if _, r, _, err := decoded(bytes.NewReader(whole), 1<<10); err == nil || !r.exceeded {
		t.Errorf("more than the bound: %v", err)
	}
	large := manyPods()
	large.Items[1].Annotations["a"] = strings.Repeat("x", maxObjectBytes)
	if pods, r, _, err := decoded(bytes.NewReader(inProtobuf(t, large)), 1<<30); err == nil || !r.exceeded || len(pods) != 1 {
		t.Errorf("a large object: %v", err)
	}
	stop := errors.New("stop")
	if _, err := decodePods(&pageReader{body: bytes.NewReader(whole), left: 1 << 20}, func(podView, error) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func FuzzDecodePods(f *testing.F) {
	f.Add(inProtobuf(f, manyPods()))
	f.Add([]byte(magic + "\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Add([]byte(magic + "\x12\x04\x12\x7f"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _, _, _ = decoded(bytes.NewReader(data), 1<<20) // any error will do; a panic will not
	})
}
