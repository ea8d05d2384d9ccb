package hostile

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// addImage adds an image of one layer and returns its digest.
func (r registry) addImage(layer []byte) string {
	config := r.add(typeConfig, []byte(`{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}`))
	return digestOf(r.add(typeManifest, fmt.Appendf(nil, `{"schemaVersion": 2, "mediaType": %q, "config": %s, "layers": [%s]}`,
		typeManifest, config, r.add(typeLayer, layer))))
}

// addIndexes adds an image of a few levels of indexes, each of which refers to all indexes
// of the next level, and returns its digest.
func (r registry) addIndexes() string {
	const levels, width = 7, 6
	config := r.add(typeConfig, []byte(`{"architecture": "amd64", "os": "linux"}`))
	below := r.add(typeManifest, fmt.Appendf(nil, `{"schemaVersion": 2, "mediaType": %q, "config": %s, "layers": []}`, typeManifest, config))
	for level := range levels {
		var indexes []string
		for i := range width {
			indexes = append(indexes, r.add(typeIndex, fmt.Appendf(nil, `{"schemaVersion": 2, "mediaType": %q, "annotations": {"n": "%d of %d"}, "manifests": [%s]}`,
				typeIndex, i, level, below)))
		}
		below = strings.Join(indexes, ", ")
	}
	return digestOf(below)
}

// deepLayer returns a layer with an addon file in 80,000 directories.
func deepLayer() ([]byte, error) {
	header, err := header("addons/"+strings.Repeat("a/", 80_000)+"a.yaml", 0)
	if err != nil {
		return nil, err
	}
	return packed(header, make([]byte, 1<<10))
}

// largeLayer returns a layer with 1 GiB of addon files. The files have the same content,
// which is compressed once.
func largeLayer() ([]byte, error) {
	const size, files = 1 << 20, 1 << 10
	content, err := packed(make([]byte, size))
	if err != nil {
		return nil, err
	}
	var layer bytes.Buffer
	for i := range files {
		header, err := header(fmt.Sprintf("addons/a/%d.yaml", i), size)
		if err != nil {
			return nil, err
		}
		start, err := packed(header)
		if err != nil {
			return nil, err
		}
		layer.Write(start)
		layer.Write(content)
	}
	return layer.Bytes(), nil
}

// header returns the header of a file in a tar.
func header(name string, size int64) ([]byte, error) {
	var text bytes.Buffer
	err := tar.NewWriter(&text).WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size})
	return text.Bytes(), err
}

// packed compresses texts. The concatenated results of several calls are valid compressed
// data.
func packed(texts ...[]byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	for _, text := range texts {
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}
