package kkp

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

// maxReleaseBytes bounds a release when it is unpacked. A Secret holds at most 1 MiB,
// which can be anything once it is unpacked.
const maxReleaseBytes = 64 << 20

// Release is a Helm release as its Secret holds it.
type Release struct {
	Name         string
	Namespace    string
	Revision     int
	ChartName    string
	ChartVersion string
	Chart        json.RawMessage // as Helm stores it: without the subcharts, but with their default values
	Config       map[string]any  // the values that the user gave
	Manifest     string          // what is installed, without hooks
	Hooks        []string        // the manifests of the hooks and tests
}

// ID is namespace/name.
func (r Release) ID() string { return r.Namespace + "/" + r.Name }

// releaseView is the part of a stored release that is read (helm pkg/release, v3).
type releaseView struct {
	Name      string          `json:"name"`
	Namespace string          `json:"namespace"`
	Version   int             `json:"version"`
	Chart     json.RawMessage `json:"chart"`
	Config    map[string]any  `json:"config"`
	Manifest  string          `json:"manifest"`
	Hooks     []struct {
		Manifest string `json:"manifest"`
	} `json:"hooks"`
}

// releaseFrom reads a release from its Secret.
func releaseFrom(obj *unstructured.Unstructured) (Release, error) {
	encoded, ok, err := unstructured.NestedString(obj.Object, "data", "release")
	if err != nil || !ok {
		return Release{}, fmt.Errorf("secret %s has no key %q", objectName(obj), "release")
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Release{}, fmt.Errorf("secret %s: %w", objectName(obj), err)
	}
	release, err := DecodeRelease(data)
	if err != nil {
		return Release{}, fmt.Errorf("secret %s: %w", objectName(obj), err)
	}
	release.Namespace = cmp.Or(release.Namespace, obj.GetNamespace())
	return release, nil
}

// DecodeRelease reads a release as Helm stores it in a Secret: JSON, compressed (not by
// the first releases of Helm 3), in base64.
func DecodeRelease(data []byte) (Release, error) {
	text, err := base64.StdEncoding.DecodeString(string(data))
	if err != nil {
		return Release{}, fmt.Errorf("not a Helm release: %w", err)
	}
	if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		if text, err = unzip(text); err != nil {
			return Release{}, fmt.Errorf("not a Helm release: %w", err)
		}
	}
	var view releaseView
	if err := json.Unmarshal(text, &view); err != nil {
		return Release{}, fmt.Errorf("not a Helm release: %w", err)
	}
	var chart struct {
		Metadata struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(view.Chart, &chart); err != nil {
		return Release{}, fmt.Errorf("not a Helm release: its chart: %w", err)
	}
	if view.Name == "" || chart.Metadata.Name == "" {
		return Release{}, errors.New("not a Helm release: it has no name or no chart")
	}
	release := Release{
		Name: view.Name, Namespace: view.Namespace, Revision: view.Version, Chart: view.Chart, Config: view.Config, Manifest: view.Manifest,
		ChartName: chart.Metadata.Name, ChartVersion: chart.Metadata.Version,
	}
	for _, hook := range view.Hooks {
		release.Hooks = append(release.Hooks, hook.Manifest)
	}
	return release, nil
}

// unzip unpacks what must not be larger than maxReleaseBytes.
func unzip(data []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return bounded.ReadAll(reader, maxReleaseBytes)
}

// latest keeps the newest of the releases of a name, and orders them. Only one revision
// should be deployed, but an upgrade that was killed can leave two.
func latest(releases []Release) []Release {
	slices.SortFunc(releases, func(a, b Release) int {
		return cmp.Or(cmp.Compare(a.ID(), b.ID()), cmp.Compare(b.Revision, a.Revision))
	})
	return slices.CompactFunc(releases, func(a, b Release) bool { return a.ID() == b.ID() })
}
