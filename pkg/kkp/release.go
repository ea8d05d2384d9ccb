package kkp

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/compression"
)

// maxReleaseBytes bounds the size of an unpacked release. A Secret has at most 1 MiB, but unpacked it
// can have any size.
const maxReleaseBytes = 32 << 20

// HelmRelease is a Helm release, read from its Secret.
type HelmRelease struct {
	Name         string
	Namespace    string
	Revision     int
	ChartName    string
	ChartVersion string
	Chart        json.RawMessage // as stored by Helm: without subcharts, but with their default values
	Config       map[string]any  // the user's values
	Manifest     string          // installed manifest, without hooks
	Hooks        []string        // manifests of hooks and tests

	status string // such as "deployed"
}

// ID is namespace/name.
func (r HelmRelease) ID() string { return r.Namespace + "/" + r.Name }

// releaseView is the part of a stored release that is read (helm pkg/release, v3).
type releaseView struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Version   int    `json:"version"`
	Info      struct {
		Status string `json:"status"`
	} `json:"info"`
	Chart    json.RawMessage `json:"chart"`
	Config   map[string]any  `json:"config"`
	Manifest string          `json:"manifest"`
	Hooks    []struct {
		Manifest string `json:"manifest"`
	} `json:"hooks"`
}

// releaseSecret is the part of a Secret that is read of Helm's.
type releaseSecret struct {
	header
	Data map[string][]byte `json:"data"`
}

// subject returns the name of the release from the labels of its Secret.
func (s releaseSecret) subject() string {
	return "Helm release " + s.Metadata.Namespace + "/" + s.Metadata.Labels["name"]
}

// release reads the release. text is the JSON, also with an error.
func (s releaseSecret) release() (release HelmRelease, text []byte, err error) {
	data, ok := s.Data["release"]
	if !ok {
		err = fmt.Errorf("the key %q is missing", "release")
	} else {
		release, text, err = DecodeRelease(data)
	}
	if err == nil {
		release.Namespace = cmp.Or(release.Namespace, s.Metadata.Namespace)
		err = release.belongsTo(s.Metadata)
	}
	if err != nil {
		return HelmRelease{}, text, fmt.Errorf("secret %s: %w", s.id(), err)
	}
	return release, text, nil
}

// MismatchError says that name, namespace or labels of a Secret differ from the release in it. Helm
// keeps them equal (helm pkg/storage/driver/secrets.go, v3). Without this check, a client that may
// write one Secret could replace any release.
type MismatchError struct {
	Field        string // "namespace"
	Secret, Held string // value of the Secret, and value of the release in it
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("not a Helm release: the %s of the Secret is %q, but the stored release has %q", e.Field, e.Secret, e.Held)
}

// belongsTo returns a *MismatchError unless the Secret is the Secret of the release.
func (r HelmRelease) belongsTo(secret metadata) error {
	labels, revision := secret.Labels, strconv.Itoa(r.Revision)
	for _, pair := range []MismatchError{
		{"namespace", secret.Namespace, r.Namespace},
		{"label name", labels["name"], r.Name},
		{"label version", labels["version"], revision},
		{"label status", labels["status"], r.status},
		{"name", secret.Name, "sh.helm.release.v1." + r.Name + ".v" + revision},
	} {
		if pair.Secret != pair.Held {
			return &pair
		}
	}
	return nil
}

// DecodeRelease decodes a release of a Secret: base64 of JSON, which is compressed except in the
// first releases of Helm 3. text is the JSON, also with an error.
func DecodeRelease(data []byte) (release HelmRelease, text []byte, err error) {
	if text, err = unpackRelease(data); err != nil {
		return HelmRelease{}, nil, err
	}
	release, err = parseRelease(text)
	return release, text, err
}

// unpackRelease returns the JSON of a release, at most maxReleaseBytes.
func unpackRelease(data []byte) ([]byte, error) {
	text, err := base64.StdEncoding.DecodeString(string(data))
	if err == nil && compression.Detect(text) == compression.Gzip {
		text, err = unzip(text)
	}
	if err != nil {
		return nil, fmt.Errorf("not a Helm release: %w", err)
	}
	return text, nil
}

func parseRelease(text []byte) (HelmRelease, error) {
	var view releaseView
	if err := json.Unmarshal(text, &view); err != nil {
		return HelmRelease{}, fmt.Errorf("not a Helm release: %w", err)
	}
	var chart struct {
		Metadata struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(view.Chart, &chart); err != nil {
		return HelmRelease{}, fmt.Errorf("not a Helm release: its chart: %w", err)
	}
	if view.Name == "" || chart.Metadata.Name == "" {
		return HelmRelease{}, errors.New("not a Helm release: the name or the chart is missing")
	}
	if err := checkNames(view, chart.Metadata.Name, chart.Metadata.Version); err != nil {
		return HelmRelease{}, fmt.Errorf("not a Helm release: %w", err)
	}
	release := HelmRelease{
		status: view.Info.Status,
		Name:   view.Name, Namespace: view.Namespace, Revision: view.Version, Chart: view.Chart, Config: view.Config, Manifest: view.Manifest,
		ChartName: chart.Metadata.Name, ChartVersion: chart.Metadata.Version,
	}
	for _, hook := range view.Hooks {
		release.Hooks = append(release.Hooks, hook.Manifest)
	}
	return release, nil
}

// checkNames returns an error for names that Helm and Kubernetes do not allow. Names are used as
// names of files, in YAML, and as arguments in a shell.
func checkNames(view releaseView, chart, version string) error {
	if problems := validation.IsDNS1123Subdomain(view.Name); len(problems) > 0 {
		return fmt.Errorf("its name %q is not a DNS-1123 subdomain", view.Name)
	}
	if problems := validation.IsDNS1123Label(view.Namespace); view.Namespace != "" && len(problems) > 0 {
		return fmt.Errorf("its namespace %q is not a DNS-1123 label", view.Namespace)
	}
	if view.Version < 1 {
		return fmt.Errorf("its revision is %d", view.Version)
	}
	for _, text := range []string{chart, version} {
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }) {
			return fmt.Errorf("its chart has the name or version %q", text)
		}
	}
	return nil
}

// unzip unpacks at most maxReleaseBytes.
func unzip(data []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return bounded.ReadAll(reader, maxReleaseBytes)
}
