package upgrade

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// lookTime bounds how long the pods of an upgrade that failed are looked for.
const lookTime = 10 * time.Second

// Pod is a pod that is not ready.
type Pod struct {
	Name   string
	Reason string // "container dex: ImagePullBackOff: Back-off pulling image …"
}

// NotReadyError says that the workloads of an upgrade were not ready in time.
type NotReadyError struct {
	Timeout time.Duration
	Pods    []Pod // pods that are not ready, the newest first
	Err     error // error of Helm
}

func (e *NotReadyError) Error() string {
	if len(e.Pods) == 0 {
		return fmt.Sprintf("not ready after %s: %v", e.Timeout, e.Err)
	}
	var named []string
	for _, pod := range e.Pods[:min(len(e.Pods), maxNamed)] {
		named = append(named, fmt.Sprintf("pod %s: %s", pod.Name, pod.Reason))
	}
	if more := len(e.Pods) - len(named); more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("not ready after %s: %s", e.Timeout, strings.Join(named, "; "))
}

func (e *NotReadyError) Unwrap() error { return e.Err }

// unready returns the pods of the upgrade that are not ready. Pods that cannot be read are left
// out: the upgrade has failed in any case.
func (t *Trial) unready(ctx context.Context) []Pod {
	if t.cluster.NotReady == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	target, err := t.build(t.next.Manifest)
	if err != nil {
		return nil
	}
	var found []Pod
	for _, info := range target {
		selector := selectorOf(object(info.Object))
		if selector == "" {
			continue
		}
		pods, err := t.cluster.NotReady(ctx, info.Namespace, selector)
		if err == nil {
			found = append(found, pods...)
		}
	}
	return found
}

// selectorOf selects the pods of a workload; "" selects none.
func selectorOf(object *unstructured.Unstructured) string {
	content, _, _ := unstructured.NestedMap(object.Object, "spec", "selector")
	if len(content) == 0 || !waitedFor(object) || object.GetKind() == "Service" {
		return ""
	}
	selector := metav1.LabelSelector{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, &selector); err != nil {
		return ""
	}
	selects, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil || selects.Empty() {
		return ""
	}
	return selects.String()
}
