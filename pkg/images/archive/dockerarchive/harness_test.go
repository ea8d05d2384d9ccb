package dockerarchive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// files are the members of a tar file, in order. Content that starts with "->" is a
// symbolic link, with "=>" a hard link.
type files []struct{ name, content string }

func (f *files) add(name, content string) {
	*f = append(*f, struct{ name, content string }{name, content})
}

func (f files) without(name string) files {
	var rest files
	for _, file := range f {
		if file.name != name {
			rest.add(file.name, file.content)
		}
	}
	return rest
}

func (f files) with(name, content string) files {
	changed := f.without(name)
	changed.add(name, content)
	return changed
}

func (f files) content(name string) string {
	for _, file := range f {
		if file.name == name {
			return file.content
		}
	}
	return ""
}

// tar returns the tar file.
func (f files) tar(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, file := range f {
		h := &tar.Header{Name: file.name, Typeflag: tar.TypeReg, Mode: 0o644}
		if target, ok := strings.CutPrefix(file.content, "->"); ok {
			h.Typeflag, h.Linkname, file.content = tar.TypeSymlink, target, ""
		} else if target, ok := strings.CutPrefix(file.content, "=>"); ok {
			h.Typeflag, h.Linkname, file.content = tar.TypeLink, target, ""
		}
		h.Size = int64(len(file.content))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, file.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func digestOf(t testing.TB, content string) v1.Hash {
	t.Helper()
	digest, _, err := v1.SHA256(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// configOf returns a configuration for layers with this content.
func configOf(t testing.TB, layers ...string) string {
	t.Helper()
	var ids []string
	for _, l := range layers {
		ids = append(ids, digestOf(t, l).String())
	}
	return encode(t, map[string]any{"os": "linux", "architecture": "amd64", "rootfs": map[string]any{"type": "layers", "diff_ids": ids}})
}

func encode(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func gzipOf(t testing.TB, content string) string {
	t.Helper()
	var b strings.Builder
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// legacy is an archive in the format of older docker save: uncompressed layers in
// directories, one of them twice.
func legacy(t testing.TB) files {
	t.Helper()
	config := configOf(t, "base layer", "own layer", "base layer")
	name := digestOf(t, config).Hex + ".json"
	var f files
	f.add("one/VERSION", "1.0")
	f.add("one/layer.tar", "base layer")
	f.add("two/layer.tar", "own layer")
	f.add("three/layer.tar", "->../one/layer.tar")
	f.add(name, config)
	f.add("manifest.json", encode(t, []map[string]any{{
		"Config": name, "RepoTags": []string{"alpine:3.20", "quay.io/a/b:v1"},
		"Layers": []string{"one/layer.tar", "two/layer.tar", "three/layer.tar"},
	}}))
	return f
}

// packed is an image with one compressed layer whose name has no digest.
func packed(t testing.TB, layer, content string) files {
	t.Helper()
	var f files
	f.add("config.json", configOf(t, content))
	f.add("x/layer.tar", layer)
	f.add("manifest.json", `[{"Config": "config.json", "RepoTags": ["quay.io/a/b:v1"], "Layers": ["x/layer.tar"]}]`)
	return f
}

func open(t testing.TB, data []byte) *Archive {
	t.Helper()
	a, err := Read(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func read(a *Archive, digest v1.Hash) (string, error) {
	blob, ok := a.Open(digest)
	if !ok {
		return "", io.EOF
	}
	defer blob.Close()
	data, err := io.ReadAll(blob)
	return string(data), err
}

// readAll reads all content of an archive.
func readAll(a *Archive) error {
	for _, img := range a.Images {
		raw, err := read(a, img.Digest)
		if err != nil {
			return err
		}
		m, err := v1.ParseManifest(strings.NewReader(raw))
		if err != nil {
			return err
		}
		for _, desc := range append(m.Layers, m.Config) {
			if !desc.MediaType.IsDistributable() {
				continue
			}
			if _, err := read(a, desc.Digest); err != nil {
				return err
			}
		}
	}
	return nil
}
