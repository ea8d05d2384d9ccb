package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

// standIn is a registry for what a KKP release reads while images are listed: the charts of its applications, under
// their real names and versions, the addons, and the charts in KKP's own image.
type standIn struct {
	host string
	refs []string // of the charts
	runs []string // what the charts run with default values, one image each
}

// newStandIn serves what a release reads in the Enterprise Edition, which has what the Community Edition has.
func newStandIn(t *testing.T, version string) standIn {
	t.Helper()
	server := httptest.NewServer(registrytest.New(registrytest.Options{}))
	t.Cleanup(server.Close)
	s := standIn{host: strings.TrimPrefix(server.URL, "http://")}
	release, err := catalog.Open(version, catalog.EE)
	if err != nil {
		t.Fatal(err)
	}
	for _, app := range release.Applications() {
		for _, v := range app.Versions {
			ref := strings.TrimPrefix(app.Repository, "oci://") + "/" + app.Chart + ":" + v.Chart
			s.push(t, ref, "application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", packed(t, applicationChart(path.Base(app.Chart), v.Chart)))
			s.refs = append(s.refs, ref)
			if app.Name != "cluster-autoscaler" { // whose tag follows Kubernetes
				s.runs = append(s.runs, "docker.io/standin/"+path.Base(app.Chart)+":"+v.Chart)
			}
		}
	}
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"ghcr.io/standin/%s:1\"}]}\n"
	addons := map[string]string{}
	for _, addon := range slices.Concat(release.DefaultAddons(), release.AccessibleAddons()) {
		addons["addons/"+addon+"/pod.yaml"] = fmt.Sprintf(pod, "addon")
	}
	s.push(t, "quay.io/kubermatic/addons:"+version, types.OCIConfigJSON, types.OCILayer, packed(t, addons))
	for _, edition := range []string{"", "-ee"} {
		s.push(t, "quay.io/kubermatic/kubermatic"+edition+":"+version, types.OCIConfigJSON, types.OCILayer, packed(t, map[string]string{
			"opt/charts/dex/Chart.yaml": "{apiVersion: v2, name: dex, version: 1.0.0}", "opt/charts/dex/templates/pod.yaml": fmt.Sprintf(pod, "dex"),
		}))
	}
	return s
}

// applicationChart is a chart that runs one image, and one more if envoy is enabled.
func applicationChart(name, version string) map[string]string {
	return map[string]string{
		name + "/Chart.yaml":  fmt.Sprintf("{apiVersion: v2, name: %s, version: %s}", name, version),
		name + "/values.yaml": fmt.Sprintf("image: {tag: %q}", strings.ReplaceAll(version, "+", "_")),
		name + "/templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: c, image: \"docker.io/standin/" + name + ":{{ .Values.image.tag }}\"}\n" +
			"{{- if (.Values.envoy).enabled }}\n  - {name: envoy, image: \"docker.io/standin/envoy:{{ .Values.image.tag }}\"}\n{{- end }}\n",
	}
}

// push stores an image with one layer.
func (s standIn) push(t *testing.T, reference string, config, layer types.MediaType, content []byte) {
	t.Helper()
	image, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), config), static.NewLayer(content, layer))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewTag(s.host + "/" + strings.ReplaceAll(reference, "+", "_"))
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// packed packs files into a compressed tar.
func packed(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var data bytes.Buffer
	zipped := gzip.NewWriter(&data)
	archive := tar.NewWriter(zipped)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		err := archive.WriteHeader(&tar.Header{Name: file, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(files[file]))})
		if err == nil {
			_, err = archive.Write([]byte(files[file]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}
