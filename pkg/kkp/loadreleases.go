package kkp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/pager"
)

// deployedReleases selects the Secrets of deployed revisions, without failed, superseded and pending
// ones.
const deployedReleases = "owner=helm,status=deployed"

// Bounds of reading releases. KKP has some tens of releases, each of at most a few MiB unpacked.
const (
	releasesAtOnce   = 32        // Secrets of up to 1 MiB each
	maxReleasesBytes = 128 << 20 // in one namespace
	maxUnread        = 100
)

// releaseNamespaces returns the namespaces with KKP's Helm releases. kube-system also has releases
// of others; see ownRelease.
func releaseNamespaces(namespace string) []string {
	return append(masterNamespaces(namespace), metav1.NamespaceSystem)
}

// ownRelease reports whether a release belongs to KKP: in kube-system, kubermatic-installer
// installs only s3-exporter (kubermatic pkg/install/stack/kubermatic-seed, v2.31.0).
func ownRelease(r HelmRelease) bool {
	return r.Namespace != metav1.NamespaceSystem || r.ChartName == "s3-exporter"
}

// loadReleases reads the Helm releases in KKP's namespaces, several namespaces concurrently.
func loadReleases(ctx context.Context, client dynamic.Interface, where, namespace string) ([]HelmRelease, []Unread) {
	namespaces := releaseNamespaces(namespace)
	found := make([][]HelmRelease, len(namespaces))
	missed := make([][]Unread, len(namespaces))
	var group errgroup.Group
	group.SetLimit(namespacesAtOnce)
	for i, namespace := range namespaces {
		group.Go(func() error {
			found[i], missed[i] = releasesIn(ctx, client, where, namespace)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in missed
	newest, shadowed := latest(slices.Concat(found...), where)
	return newest, append(slices.Concat(missed...), shadowed...)
}

// AmbiguousError says that several revisions of a release are marked as deployed. Only one of them is
// installed. Helm leaves two if it is killed during an upgrade, and every client that may write
// Secrets can add one.
type AmbiguousError struct {
	Revisions []int // newest first; the newest is read, as Helm does
}

func (e *AmbiguousError) Error() string {
	var all []string
	for _, revision := range e.Revisions {
		all = append(all, strconv.Itoa(revision))
	}
	return fmt.Sprintf("revisions %s are all marked as deployed, and only %s was read, as by Helm; images of the others may be in use",
		strings.Join(all, ", "), all[0])
}

// latest returns the newest revision of each release in order, and an Unread for each release with
// several revisions.
func latest(releases []HelmRelease, where string) ([]HelmRelease, []Unread) {
	slices.SortFunc(releases, func(a, b HelmRelease) int {
		return cmp.Or(cmp.Compare(a.ID(), b.ID()), cmp.Compare(b.Revision, a.Revision))
	})
	var newest []HelmRelease
	var shadowed []Unread
	for start := 0; start < len(releases); {
		first, revisions := releases[start], []int{}
		for ; start < len(releases) && releases[start].ID() == first.ID(); start++ {
			revisions = append(revisions, releases[start].Revision)
		}
		newest = append(newest, first)
		if len(revisions) > 1 {
			shadowed = append(shadowed, Unread{PartReleases, "Helm release " + first.ID() + " on " + where, &AmbiguousError{revisions}})
		}
	}
	return newest, shadowed
}

// releasesIn reads the releases of a namespace. A release that cannot be decoded does not affect the
// others.
func releasesIn(ctx context.Context, client dynamic.Interface, where, namespace string) ([]HelmRelease, []Unread) {
	var releases []HelmRelease
	var missed []Unread
	err := eachReleaseSecret(ctx, client, namespace, deployedReleases, func(obj *unstructured.Unstructured) int {
		release, text, err := releaseFrom(obj)
		if err != nil {
			missed = append(missed, Unread{PartReleases, releaseSubject(obj) + " on " + where, err})
		} else if ownRelease(release) {
			releases = append(releases, release)
		}
		return len(text)
	})
	if err != nil {
		missed = append(missed, Unread{PartReleases, "Helm releases in namespace " + namespace + " on " + where, unread(where, err)})
	}
	return releases, missed
}

// eachReleaseSecret calls do for each Secret of Helm. do returns the unpacked size in bytes, 0 if
// the Secret has no release. More than maxReleasesBytes in total, or more than maxUnread Secrets
// without a release, are an error, because every client that may write Secrets could fill the
// memory. Results up to then are kept.
func eachReleaseSecret(ctx context.Context, client dynamic.Interface, namespace, selector string, do func(*unstructured.Unstructured) int) error {
	pages := pager.New(func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return client.Resource(CoreResource("secrets")).Namespace(namespace).List(ctx, opts)
	})
	pages.PageSize, pages.PageBufferSize = releasesAtOnce, 0
	total, odd := 0, 0
	return pages.EachListItem(ctx, metav1.ListOptions{LabelSelector: selector}, func(obj runtime.Object) error {
		secret, ok := obj.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("unexpected %T in a list of secrets", obj)
		}
		size := do(secret)
		if total += size; size == 0 {
			odd++
		}
		switch {
		case total > maxReleasesBytes:
			return fmt.Errorf("more than %d MiB of releases in one namespace; the others were not read", maxReleasesBytes>>20)
		case odd > maxUnread:
			return fmt.Errorf("more than %d Secrets that look like Helm's and hold no release; the others were not read", maxUnread)
		}
		return nil
	})
}

// StoredRelease is one revision of a release, as Helm stores it.
type StoredRelease struct {
	JSON   json.RawMessage
	Labels map[string]string // of the Secret
}

// History reads all revisions of a release. As in Helm, revisions that cannot be decoded or that are
// in the Secret of another release are ignored.
func History(ctx context.Context, client dynamic.Interface, namespace, name string) ([]StoredRelease, error) {
	var history []StoredRelease
	err := eachReleaseSecret(ctx, client, namespace, "owner=helm,name="+name, func(obj *unstructured.Unstructured) int {
		_, text, err := releaseFrom(obj)
		if err == nil {
			history = append(history, StoredRelease{JSON: text, Labels: obj.GetLabels()})
		}
		return len(text)
	})
	return history, err
}

// releaseSubject returns the name of a release from the labels of its Secret.
func releaseSubject(obj *unstructured.Unstructured) string {
	return "Helm release " + obj.GetNamespace() + "/" + obj.GetLabels()["name"]
}
