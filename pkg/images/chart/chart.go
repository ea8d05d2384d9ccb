// Package chart reads and renders Helm charts, finds the values of a release that override
// repositories, and finds the image references in the result. It is the only importer of Helm. It
// must not know why a chart is needed, which cluster it is for, or the protocol of a registry.
//
// Charts are not trusted: the size of archives and directories is bounded, schemas are not
// evaluated, because they can refer to files and servers, and templates have no access to the
// network, the environment and the cluster. Rendering is bounded in time.
package chart

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"

	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded/yamlbound"
)

// Chart is a chart that was read. It is immutable: each rendering opens a copy.
type Chart struct {
	Name       string
	Version    string
	AppVersion string
	digest     string // of its content
	files      []file
	stored     json.RawMessage // the chart as stored with a release, without subcharts; then there are no files

	asksCluster bool // the result depends on the cluster
	depends     bool // the chart has dependencies
}

// newChart returns a chart from its files. Subcharts are already unpacked.
func newChart(files []file) (*Chart, error) {
	sum := sha256.New()
	asks := false
	for _, f := range files {
		if isRead(f.Name) {
			if err := yamlbound.Check(f.Data); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
		asks = asks || bytes.Contains(f.Data, []byte("Capabilities")) || path.Base(f.Name) == "Chart.yaml" && bytes.Contains(f.Data, []byte("kubeVersion"))
		fmt.Fprintf(sum, "%q %d\n", f.Name, len(f.Data))
		sum.Write(f.Data)
	}
	return described(&Chart{files: files, digest: hex.EncodeToString(sum.Sum(nil)), asksCluster: asks})
}

// isRead reports whether Helm parses a file as YAML when it opens a chart. Helm's parser has no
// bounds.
func isRead(name string) bool {
	switch path.Base(name) {
	case "Chart.yaml", "Chart.lock", "values.yaml", "requirements.yaml", "requirements.lock":
		return true
	}
	return false
}

// FromRelease returns the chart that is stored with a release.
func FromRelease(stored json.RawMessage) (*Chart, error) {
	sum := sha256.Sum256(stored)
	return described(&Chart{stored: stored, digest: hex.EncodeToString(sum[:]), asksCluster: true})
}

// described fills in name, version and dependencies.
func described(c *Chart) (*Chart, error) {
	opened, err := c.open()
	if err != nil {
		return nil, err
	}
	c.Name, c.Version, c.AppVersion = opened.Metadata.Name, opened.Metadata.Version, opened.Metadata.AppVersion
	c.depends = len(opened.Metadata.Dependencies) > 0
	return c, nil
}

// open returns a copy that Helm may change. A panic of Helm's code is an error.
func (c *Chart) open() (opened *helm.Chart, err error) {
	defer recovered(&err)
	if c.stored == nil {
		buffered := make([]*loader.BufferedFile, 0, len(c.files))
		for _, f := range c.files {
			buffered = append(buffered, &loader.BufferedFile{Name: f.Name, Data: f.Data})
		}
		return loader.LoadFiles(buffered)
	}
	opened = &helm.Chart{}
	if err := json.Unmarshal(c.stored, opened); err != nil {
		return nil, err
	}
	if opened.Metadata == nil {
		return nil, errors.New("the chart has no metadata")
	}
	return opened, opened.Validate()
}

// recovered turns a panic into the error that a function returns.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the chart makes the template engine panic: %v", r)
	}
}
