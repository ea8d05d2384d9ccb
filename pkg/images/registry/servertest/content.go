package servertest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"
)

// NewImage returns an image with three layers.
func NewImage(t testing.TB, mt types.MediaType) v1.Image {
	t.Helper()
	img, err := random.Image(4096, 3)
	if err != nil {
		t.Fatal(err)
	}
	return mutate.MediaType(img, mt)
}

// NewIndex returns an index with two platforms and additional children.
func NewIndex(t testing.TB, mt, child types.MediaType, more ...mutate.IndexAddendum) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, mt)
	for _, arch := range []string{"amd64", "arm64"} {
		more = append(more, mutate.IndexAddendum{
			Add:        NewImage(t, child),
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	return mutate.AppendManifests(index, more...)
}

// NewChart returns a Helm chart as an OCI artifact.
func NewChart(t testing.TB) v1.Image {
	t.Helper()
	content := static.NewLayer([]byte("not really a chart"), "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
	img, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), content)
	if err != nil {
		t.Fatal(err)
	}
	return mutate.ConfigMediaType(img, "application/vnd.cncf.helm.config.v1+json")
}

// artifact is a manifest that is not an image: its configuration is empty.
type artifact struct {
	raw     []byte
	content v1.Layer
}

func (a artifact) RawConfigFile() ([]byte, error) { return []byte("{}"), nil }

func (a artifact) MediaType() (types.MediaType, error)                    { return types.OCIManifestSchema1, nil }
func (a artifact) RawManifest() ([]byte, error)                           { return a.raw, nil }
func (a artifact) LayerByDigest(v1.Hash) (partial.CompressedLayer, error) { return a.content, nil }

// NewArtifact returns an artifact of a type. Its subject may be nil.
func NewArtifact(t testing.TB, artifactType, text string, subject *v1.Descriptor) v1.Image {
	t.Helper()
	content := static.NewLayer([]byte(text), types.MediaType(artifactType))
	layer, err := partial.Descriptor(content)
	if err != nil {
		t.Fatal(err)
	}
	config, size, err := v1.SHA256(strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(struct {
		v1.Manifest
		ArtifactType string `json:"artifactType"`
	}{v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Subject: subject,
		Config: v1.Descriptor{MediaType: "application/vnd.oci.empty.v1+json", Digest: config, Size: size},
		Layers: []v1.Descriptor{*layer},
	}, artifactType})
	if err != nil {
		t.Fatal(err)
	}
	image, err := partial.CompressedToImage(artifact{raw, content})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// Entry is an entry of a layer: a file, or a link if its text begins with "→" or "⇒".
type Entry struct{ name, text string }

// File returns an entry of a layer.
func File(name, text string) Entry { return Entry{name, text} }

// Archive returns a layer that is not compressed.
func Archive(t testing.TB, entries ...Entry) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if target, ok := strings.CutPrefix(e.text, "→"); ok {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, target, 0
		}
		if target, ok := strings.CutPrefix(e.text, "⇒"); ok {
			header.Typeflag, header.Linkname, header.Size = tar.TypeLink, target, 0
		}
		if strings.HasSuffix(e.name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := io.WriteString(w, e.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// Sparse returns a sparse entry with zeros (GNU tar, PAX format 1.0). archive/tar cannot
// write such entries, so the entry is renamed to the sparse form; the name is not part of
// the checksum.
func Sparse(t testing.TB, name string, zeros int64) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	const noData = "0\n"
	err := w.WriteHeader(&tar.Header{
		Name: name, Mode: 0o644, Size: 512, Typeflag: tar.TypeReg, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"KKP.sparse.major": "1", "KKP.sparse.minor": "0", "KKP.sparse.name": name, "KKP.sparse.realsize": fmt.Sprint(zeros)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, noData+strings.Repeat("\x00", 512-len(noData))); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(buffer.Bytes(), []byte("KKP.sparse"), []byte("GNU.sparse"))
}

// Gzipped returns data compressed with gzip.
func Gzipped(t testing.TB, data []byte) []byte {
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	if _, err := w.Write(data); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// Zstandard returns data compressed with zstd.
func Zstandard(t testing.TB, data []byte) []byte {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(data, nil)
}
