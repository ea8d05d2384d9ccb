package kkp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// loadReleases reads the Helm releases in KKP's namespaces. A release that cannot be decoded does not
// affect the others.
func loadReleases(ctx context.Context, client Client, where, namespace string) ([]HelmRelease, []Unread) {
	namespaces := releaseNamespaces(namespace)
	read := readNamespaces(ctx, namespaces, func(ctx context.Context, namespace string) ([]readRelease, error) {
		return releasesIn(ctx, client, namespaces, namespace)
	})
	var releases []HelmRelease
	var missed []Unread
	for _, one := range read.found {
		switch {
		case one.err != nil:
			missed = append(missed, Unread{PartReleases, one.subject + " on " + where, one.err})
		case ownRelease(one.release):
			releases = append(releases, one.release)
		}
	}
	for _, failure := range read.failed {
		missed = append(missed, Unread{PartReleases, releasesSubject(failure.namespace) + " on " + where, unread(where, failure.err)})
	}
	newest, shadowed := latest(releases, where)
	return newest, append(missed, shadowed...)
}

// releasesSubject names the releases of a namespace, "" for all.
func releasesSubject(namespace string) string {
	if namespace == "" {
		return "Helm releases"
	}
	return "Helm releases in namespace " + namespace
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

// readRelease is a release, or what could not be read.
type readRelease struct {
	release HelmRelease
	subject string
	err     error
}

// releasesIn reads the releases of a namespace, or those of several namespaces with one list ("").
// Then a namespace with too many releases does not affect the others.
func releasesIn(ctx context.Context, client Client, namespaces []string, namespace string) ([]readRelease, error) {
	tallies := map[string]*tally{}
	for _, name := range namespaces {
		tallies[name] = &tally{}
	}
	var found []readRelease
	err := eachRelease(ctx, client, namespace, deployedReleases, func(secret releaseSecret) error {
		of := tallies[secret.Metadata.Namespace]
		if of == nil { // of no interest, or full
			return nil
		}
		release, text, err := secret.release()
		found = append(found, readRelease{release, secret.subject(), err})
		of.add(len(text))
		if namespace != metav1.NamespaceAll {
			return of.full()
		}
		if full := of.full(); full != nil {
			found = append(found, readRelease{subject: releasesSubject(secret.Metadata.Namespace), err: full})
			delete(tallies, secret.Metadata.Namespace)
		}
		return nil
	})
	return found, err
}

// tally counts what the Secrets of a namespace have unpacked. Every client that may write Secrets
// could fill the memory.
type tally struct{ bytes, odd int }

// add counts a Secret by its unpacked size in bytes, 0 if the Secret has no release.
func (t *tally) add(size int) {
	if t.bytes += size; size == 0 {
		t.odd++
	}
}

// full returns an error if no more Secrets of the namespace are read.
func (t *tally) full() error {
	switch {
	case t.bytes > maxReleasesBytes:
		return fmt.Errorf("more than %d MiB of releases in one namespace; the others were not read", maxReleasesBytes>>20)
	case t.odd > maxUnread:
		return fmt.Errorf("more than %d Secrets that look like Helm's and hold no release; the others were not read", maxUnread)
	}
	return nil
}

// eachRelease calls do for each Secret of Helm in a namespace, "" for all. The first error of do
// ends the list.
func eachRelease(ctx context.Context, client Client, namespace, selector string, do func(releaseSecret) error) error {
	q := query{resource: CoreResource("secrets"), namespace: namespace, labels: selector, perPage: releasesAtOnce}
	return each(ctx, client, q, func(secret releaseSecret, err error) error {
		if err != nil {
			return secret.failed("Secret", err)
		}
		return do(secret)
	})
}

// StoredRelease is one revision of a release, as Helm stores it.
type StoredRelease struct {
	JSON   json.RawMessage
	Labels map[string]string // of the Secret
}

// History reads all revisions of a release. As in Helm, revisions that cannot be decoded or that are
// in the Secret of another release are ignored.
func History(ctx context.Context, client Client, namespace, name string) ([]StoredRelease, error) {
	var history []StoredRelease
	var of tally
	err := eachRelease(ctx, client, namespace, "owner=helm,name="+name, func(secret releaseSecret) error {
		_, text, err := secret.release()
		if err == nil {
			history = append(history, StoredRelease{JSON: text, Labels: secret.Metadata.Labels})
		}
		of.add(len(text))
		return of.full()
	})
	return history, err
}
