package upgrade

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The label and annotations with which Helm marks the owner of an object (helm
// pkg/action/validate.go, v3).
const (
	managedByLabel      = "app.kubernetes.io/managed-by"
	managedByHelm       = "Helm"
	nameAnnotation      = "meta.helm.sh/release-name"
	namespaceAnnotation = "meta.helm.sh/release-namespace"
)

// maxNamed bounds the number of fields in a reason.
const maxNamed = 3

// ObjectChange is the change of an object by an upgrade.
type ObjectChange struct {
	Name    string                     // "Deployment.apps/dex/dex", "ClusterRole.rbac.authorization.k8s.io/dex"
	Before  *unstructured.Unstructured // the live object; nil: created
	After   *unstructured.Unstructured // the object after the dry run; nil: deleted
	Refused string                     // why the change is more than a redirection of images; "": it is not
}

// Allowed reports whether a name is the name of the object, regardless of case.
func (c ObjectChange) Allowed(name string) bool { return strings.EqualFold(c.Name, name) }

// Refused returns the changes that are more than a redirection of images, without the objects
// whose names are allowed.
func (t *Trial) Refused(allowed []string) []ObjectChange {
	return slices.DeleteFunc(slices.Clone(t.Changes), func(change ObjectChange) bool {
		return change.Refused == "" || slices.ContainsFunc(allowed, change.Allowed)
	})
}

// changes finds the changes of the upgrade: of installed and new objects in Helm's order, and then
// of hooks.
func (t *Trial) changes() error {
	installed, err := t.build(t.installed.Manifest)
	if err != nil {
		return fmt.Errorf("the installed manifests cannot be read: %w", err)
	}
	target, err := t.build(t.next.Manifest)
	if err != nil {
		return err
	}
	before, err := live(target)
	if err != nil {
		return err
	}
	after, err := t.tried(installed, target, before)
	if err != nil {
		return err
	}
	for i, info := range target {
		change := ObjectChange{Name: nameOf(object(info.Object)), Before: before[i], After: after[i]}
		change.Refused = t.refuse(change, original(installed, target, i), object(info.Object))
		t.add(change)
		if waitedFor(object(info.Object)) {
			t.Waits = append(t.Waits, change.Name)
		}
	}
	gone := installed.Difference(target)
	before, err = live(gone)
	if err != nil {
		return err
	}
	for i, info := range gone {
		t.add(ObjectChange{Name: nameOf(object(info.Object)), Before: before[i], Refused: "the object would be deleted"})
	}
	return t.hookChanges()
}

// original returns the installed version of an object, nil if the object is new.
func original(installed, target kube.ResourceList, i int) *unstructured.Unstructured {
	if found := installed.Get(target[i]); found != nil {
		return object(found.Object)
	}
	return nil
}

// add adds a change that is refused or not empty.
func (t *Trial) add(change ObjectChange) {
	if change.Refused != "" || len(differences(change.Before, change.After)) > 0 {
		t.Changes = append(t.Changes, change)
	}
}

func (t *Trial) build(manifest string) (kube.ResourceList, error) {
	return t.cluster.DryRun.Build(bytes.NewBufferString(manifest), false)
}

// live returns the objects of the cluster, nil for an object that does not exist.
func live(list kube.ResourceList) ([]*unstructured.Unstructured, error) {
	var found []*unstructured.Unstructured
	for _, info := range list {
		wanted := info.Object
		err := info.Get()
		switch {
		case apierrors.IsNotFound(err):
			found = append(found, nil)
		case err != nil:
			info.Object = wanted
			return nil, fmt.Errorf("reading %s: %w", nameOf(object(info.Object)), err)
		default:
			found = append(found, object(info.Object))
		}
		info.Object = wanted
	}
	return found, nil
}

// tried updates the objects in a dry run of the API server, with Helm's code. New objects are
// returned as rendered.
func (t *Trial) tried(installed, target kube.ResourceList, before []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var there, merged kube.ResourceList
	results := make([]*unstructured.Unstructured, len(target))
	places := map[int]int{}
	for i, info := range target {
		results[i] = object(info.Object).DeepCopy()
		mark(results[i], t.release)
		if before[i] == nil {
			continue
		}
		copied := *info
		copied.Object = results[i]
		places[i] = len(merged)
		merged = append(merged, &copied)
		if original := installed.Get(info); original != nil {
			there = append(there, original)
		}
	}
	if len(merged) == 0 {
		return results, nil
	}
	kube.ManagedFieldsManager = "helm" // the manager of the helm command
	if _, err := t.cluster.DryRun.Update(there, merged, false); err != nil {
		return nil, fmt.Errorf("the API server refuses the upgrade: %w", err)
	}
	for i, at := range places {
		results[i] = object(merged[at].Object)
	}
	return results, nil
}

// mark adds the label and annotations of a release to an object, as Helm does.
func mark(object *unstructured.Unstructured, r Upgrade) {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	if labels == nil {
		labels = map[string]string{}
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	labels[managedByLabel] = managedByHelm
	annotations[nameAnnotation], annotations[namespaceAnnotation] = r.Name, r.Namespace
	object.SetLabels(labels)
	object.SetAnnotations(annotations)
}

// refuse returns why a change is more than a redirection of images, "" if it is not. Each
// difference of the live object must also be a difference between the installed and the new
// manifest, for which Verify has proved that only images change.
func (t *Trial) refuse(change ObjectChange, installed, target *unstructured.Unstructured) string {
	if change.Before == nil {
		return "the object does not exist and would be created"
	}
	labels, annotations := change.Before.GetLabels(), change.Before.GetAnnotations()
	if labels[managedByLabel] != managedByHelm || annotations[nameAnnotation] != t.release.Name || annotations[namespaceAnnotation] != t.release.Namespace {
		return "the object exists and does not belong to the release"
	}
	proved := differences(installed, target)
	var foreign []string
	for _, found := range differences(change.Before, change.After) {
		if !slices.Contains(proved, found) {
			foreign = append(foreign, found.Path)
		}
	}
	if len(foreign) == 0 {
		return ""
	}
	if more := len(foreign) - maxNamed; more > 0 {
		foreign = append(foreign[:maxNamed], fmt.Sprintf("%d more fields", more))
	}
	return strings.Join(foreign, ", ") + " would change, which the new values of the release do not explain"
}

// Same reports whether two trials have the same changes.
func (t *Trial) Same(other *Trial) bool {
	return slices.EqualFunc(t.Changes, other.Changes, func(a, b ObjectChange) bool {
		return a.Name == b.Name && a.Refused == b.Refused && len(differences(a.Before, b.Before)) == 0 && len(differences(a.After, b.After)) == 0
	})
}
