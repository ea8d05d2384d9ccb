package dockerarchive

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/crane"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"
)

// saved writes images as crane does, and therefore kubermatic-installer.
func saved(t *testing.T, imgs map[string]v1.Image) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "images.tar.gz") // the file is not compressed
	if err := crane.MultiSave(imgs, path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func randomImage(t *testing.T) v1.Image {
	t.Helper()
	img, err := random.Image(1000, 2)
	if err != nil {
		t.Fatal(err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Variant = "linux", "arm64", "v8"
	if img, err = mutate.ConfigFile(img, file); err != nil {
		t.Fatal(err)
	}
	return img
}

func TestWhatCraneWrites(t *testing.T) {
	base := randomImage(t)
	own, err := random.Layer(500, types.DockerLayer)
	if err != nil {
		t.Fatal(err)
	}
	derived, err := mutate.AppendLayers(base, own)
	if err != nil {
		t.Fatal(err)
	}
	data := saved(t, map[string]v1.Image{
		"quay.io/a/base:v1": base, "index.docker.io/library/derived": derived,
		"quay.io/a/pinned@sha256:" + strings.Repeat("a", 64): randomImage(t),
	})
	a := open(t, data)
	want := map[string]v1.Image{"quay.io/a/base:v1": base, "docker.io/library/derived:latest": derived}
	for _, img := range a.Images {
		digest, err := want[img.Name].Digest()
		if err != nil {
			t.Fatal(err)
		}
		if img.Digest != digest { // random images have Docker's media types, so the generated manifest is equal to the original
			got, _ := read(a, img.Digest)
			raw, _ := want[img.Name].RawManifest()
			t.Errorf("%s:\n%s", img.Name, cmp.Diff(string(raw), got))
		}
	}
	if len(a.Images) != len(want) || !slices.Equal(a.Platforms(), []string{"linux/arm64/v8"}) {
		t.Errorf("got %v for %v", a.Images, a.Platforms())
	}
	if len(a.LeftOut) != 1 || a.LeftOut[0].Name != "quay.io/a/pinned" || !strings.Contains(a.LeftOut[0].Reason, "digest") {
		t.Errorf("left out: %v", a.LeftOut)
	}
	if err := readAll(a); err != nil {
		t.Error(err)
	}
}

func TestWhatDockerWroteForLong(t *testing.T) {
	f := legacy(t)
	for form, changed := range map[string]files{
		"symbolic links": f,
		"hard links":     f.with("three/layer.tar", "=>one/layer.tar"),
		"dots":           f.without("one/layer.tar").with("./one/layer.tar", "base layer"),
	} {
		t.Run(form, func(t *testing.T) {
			a := open(t, changed.tar(t))
			if len(a.Images) != 2 || a.Images[0].Name != "docker.io/library/alpine:3.20" || a.Images[1].Name != "quay.io/a/b:v1" || a.Images[0].Digest != a.Images[1].Digest {
				t.Fatalf("got %v", a.Images)
			}
			raw, err := read(a, a.Images[0].Digest)
			if err != nil {
				t.Fatal(err)
			}
			m, err := v1.ParseManifest(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			want := []v1.Descriptor{
				{MediaType: types.DockerUncompressedLayer, Digest: digestOf(t, "base layer"), Size: 10},
				{MediaType: types.DockerUncompressedLayer, Digest: digestOf(t, "own layer"), Size: 9},
				{MediaType: types.DockerUncompressedLayer, Digest: digestOf(t, "base layer"), Size: 10},
			}
			if diff := cmp.Diff(want, m.Layers); diff != "" {
				t.Error(diff)
			}
			if err := readAll(a); err != nil {
				t.Error(err)
			}
			if digest := digestOf(t, raw); digest != a.Images[0].Digest || m.MediaType != types.DockerManifestSchema2 {
				t.Errorf("the manifest of %s is %s, %s", a.Images[0].Digest, digest, m.MediaType)
			}
		})
	}
}

func TestPackedLayersOfAnyName(t *testing.T) {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	content := strings.Repeat("layer ", 1000)
	for form, tt := range map[string]struct {
		layer            string
		manifest, layer0 types.MediaType
	}{
		"gzip": {gzipOf(t, content), types.DockerManifestSchema2, types.DockerLayer},
		"zstd": {string(encoder.EncodeAll([]byte(content), nil)), types.OCIManifestSchema1, types.OCILayerZStd},
	} {
		t.Run(form, func(t *testing.T) {
			a := open(t, packed(t, tt.layer, content).tar(t))
			raw, err := read(a, a.Images[0].Digest)
			if err != nil {
				t.Fatal(err)
			}
			m, err := v1.ParseManifest(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			want := v1.Descriptor{MediaType: tt.layer0, Digest: digestOf(t, tt.layer), Size: int64(len(tt.layer))}
			if diff := cmp.Diff([]v1.Descriptor{want}, m.Layers); diff != "" || m.MediaType != tt.manifest || a.Images[0].MediaType != tt.manifest {
				t.Errorf("%s: %s", m.MediaType, diff)
			}
			if got, err := read(a, want.Digest); got != tt.layer || err != nil {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	data := packed(t, gzipOf(t, content), content).tar(t)
	if _, err := Read(cancelled, strings.NewReader(string(data)), int64(len(data))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestABlobIsReadFromAnywhere(t *testing.T) {
	a := open(t, legacy(t).tar(t))
	blob, _ := a.Open(digestOf(t, "base layer"))
	for _, tt := range []struct {
		offset int64
		want   string
	}{{5, "layer"}, {0, "base layer"}} {
		if _, err := blob.Seek(tt.offset, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(blob); string(data) != tt.want || err != nil {
			t.Errorf("got %q, %v", data, err)
		}
	}
	if _, ok := a.Open(digestOf(t, "other")); ok || a.Has(digestOf(t, "other")) {
		t.Error("what is not there was opened")
	}
}

func TestWhatCannotBeKeptIsLeftOut(t *testing.T) {
	f := legacy(t)
	chart := `{"apiVersion": "v2", "name": "cilium", "version": "1.17.0"}`
	f.add("sha256:"+digestOf(t, chart).Hex, chart)
	f.add(digestOf(t, "chart").Hex+".tar.gz", "chart")
	image := strings.Trim(f.content("manifest.json"), "[]")
	f = f.with("manifest.json", "["+image+`,
		{"Config": "none.json", "RepoTags": null, "Layers": []},
		{"Config": "none.json", "RepoTags": ["Not A Name"], "Layers": []},
		{"Config": "sha256:`+digestOf(t, chart).Hex+`", "RepoTags": ["quay.io/charts/cilium:1.17.0"], "Layers": ["`+digestOf(t, "chart").Hex+`.tar.gz"]}]`)
	a := open(t, f.tar(t))
	var names []string
	for _, l := range a.LeftOut {
		names = append(names, l.Name)
	}
	if want := []string{"none.json", "Not A Name", "quay.io/charts/cilium:1.17.0"}; !slices.Equal(names, want) || len(a.Images) != 2 {
		t.Errorf("left out %v, took %v", a.LeftOut, a.Images)
	}
}

func TestLayersThatMayNotBeDistributed(t *testing.T) {
	foreign := v1.Descriptor{MediaType: types.DockerForeignLayer, Digest: digestOf(t, "packed"), Size: 6, URLs: []string{"https://example.com/layer"}}
	var f files
	f.add("config.json", configOf(t, "windows"))
	f.add("manifest.json", encode(t, []map[string]any{{
		"Config": "config.json", "RepoTags": []string{"quay.io/a/b:v1"}, "Layers": []string{"w/layer.tar"},
		"LayerSources": map[string]v1.Descriptor{digestOf(t, "windows").String(): foreign},
	}}))
	a := open(t, f.tar(t))
	raw, err := read(a, a.Images[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	m, err := v1.ParseManifest(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]v1.Descriptor{foreign}, m.Layers); diff != "" {
		t.Error(diff)
	}
}
