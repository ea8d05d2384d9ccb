// Package upstream makes the stand-in for all public registries: small synthetic images under the real names. It knows
// references and image formats, and not who asks for the images.
package upstream

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
)

const (
	minBaseSize, maxBaseSize = 100 << 10, 300 << 10
	minOwnSize, maxOwnSize   = 2 << 10, 8 << 10
)

// Blob is a piece of content with its descriptor.
type Blob struct {
	v1.Descriptor

	Content []byte

	// diffID is the digest of a layer's tar; unset in everything else.
	diffID v1.Hash
}

// Image is the complete content of one reference.
type Image struct {
	// Blobs are the layers and configs.
	Blobs []Blob
	// Manifests has children before parents, so that the last one is what a tag points at.
	Manifests []Blob
}

// Digest is what a tag points at.
func (i *Image) Digest() digest.Digest {
	return digest.Digest(i.Manifests[len(i.Manifests)-1].Digest.String())
}

// serves reports whether the image is what a reference demands.
func (i *Image) serves(named reference.Named) bool {
	digested, ok := named.(reference.Digested)
	return !ok || digested.Digest() == i.Digest()
}

// Generator makes images. What it makes depends on the reference and the workload only: the same ones always give the same
// digests. Images that are asked for by digest have no workload, whose bytes follow from the Go release.
type Generator struct {
	bases    map[string]Blob
	workload *Blob // nil if images cannot run
}

// NewGenerator prepares the layers that images share. workload is a program that runs on this machine, or nil.
func NewGenerator(workload []byte) (*Generator, error) {
	generator := &Generator{bases: map[string]Blob{}}
	if workload != nil {
		layer, err := workloadLayer(workload)
		if err != nil {
			return nil, err
		}
		generator.workload = &layer
	}
	for _, distribution := range distributions() {
		for _, platform := range platforms() {
			name := baseName(distribution, platform)
			base, err := newLayer(name, minBaseSize, maxBaseSize)
			if err != nil {
				return nil, err
			}
			generator.bases[name] = base
		}
	}

	return generator, nil
}

func distributions() []string {
	return []string{"alpine", "debian", "distroless", "scratch", "ubi"}
}

func platforms() []v1.Platform {
	return []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}
}

func baseName(distribution string, platform v1.Platform) string {
	return "base " + distribution + " " + platform.String()
}

// Image makes the content of a reference: an OCI index over two platforms, or, for what KKP builds for one platform only,
// a Docker manifest.
func (g *Generator) Image(named reference.Named) (*Image, error) {
	if _, ok := named.(reference.Digested); ok {
		named, g = unpinned(named), &Generator{bases: g.bases}
	}
	image := &Image{}
	if singlePlatform(named) {
		_, err := g.addManifest(image, named, platforms()[0], types.DockerManifestSchema2, types.DockerConfigJSON, types.DockerLayer)
		return image, err
	}

	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	for _, platform := range platforms() {
		child, err := g.addManifest(image, named, platform, types.OCIManifestSchema1, types.OCIConfigJSON, types.OCILayer)
		if err != nil {
			return nil, err
		}
		child.Platform = &platform
		index.Manifests = append(index.Manifests, child)
	}
	blob, err := newJSON(index, types.OCIImageIndex)
	if err != nil {
		return nil, err
	}
	image.Manifests = append(image.Manifests, blob)

	return image, nil
}

// singlePlatform knows which of KKP's images exist for linux/amd64 only.
func singlePlatform(named reference.Named) bool {
	directory, name := path.Split(named.Name())
	if directory != "quay.io/kubermatic/" {
		return false
	}

	return strings.HasPrefix(name, "kubermatic") || slices.Contains([]string{"addons", "etcd-launcher", "nodeport-proxy"}, name)
}

func (g *Generator) addManifest(image *Image, named reference.Named, platform v1.Platform, manifestType, configType, layerType types.MediaType) (v1.Descriptor, error) {
	seed := sha256.Sum256([]byte(named.Name()))
	distribution := distributions()[int(seed[0])%len(distributions())]
	base := g.bases[baseName(distribution, platform)]
	own, err := ownLayer(named, named.String()+" "+platform.String())
	if err != nil {
		return v1.Descriptor{}, err
	}
	layers := []Blob{base, own}
	settings := v1.Config{Labels: map[string]string{"org.opencontainers.image.ref.name": named.String()}}
	if g.workload != nil && platform.Architecture == runtime.GOARCH {
		layers = append(layers, *g.workload)
		settings.Entrypoint = []string{workloadPath}
	}

	rootFS := v1.RootFS{Type: "layers"}
	content := v1.Manifest{SchemaVersion: 2, MediaType: manifestType}
	for i := range layers {
		layers[i].MediaType = layerType
		rootFS.DiffIDs = append(rootFS.DiffIDs, layers[i].diffID)
		content.Layers = append(content.Layers, layers[i].Descriptor)
	}
	config, err := newJSON(v1.ConfigFile{
		OS: platform.OS, Architecture: platform.Architecture,
		Created: v1.Time{Time: time.Unix(0, 0).UTC()}, Config: settings, RootFS: rootFS,
	}, configType)
	if err != nil {
		return v1.Descriptor{}, err
	}
	content.Config = config.Descriptor
	manifest, err := newJSON(content, manifestType)
	if err != nil {
		return v1.Descriptor{}, err
	}

	image.Blobs = append(append(image.Blobs, layers...), config)
	image.Manifests = append(image.Manifests, manifest)

	return manifest.Descriptor, nil
}

// newLayer makes a layer with one file of incompressible bytes, which follow from the name, as does the size.
func newLayer(name string, minSize, maxSize int) (Blob, error) {
	seed := sha256.Sum256([]byte(name))
	source := rand.NewChaCha8(seed)
	file := make([]byte, minSize+int(source.Uint64()%uint64(maxSize-minSize)))
	if _, err := io.ReadFull(source, file); err != nil {
		return Blob{}, err
	}

	archive, err := archive(fmt.Sprintf("sandbox/%x", seed[:4]), file)
	if err != nil {
		return Blob{}, err
	}

	return layer(archive)
}

func archive(name string, file []byte) ([]byte, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	header := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(file)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
	if err := writer.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := writer.Write(file); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}

	return buffer.Bytes(), nil
}

// compress stores the bytes as they are: there is nothing to gain, and the result does not depend on the Go release.
func compress(data []byte) ([]byte, error) {
	var buffer bytes.Buffer
	writer, err := gzip.NewWriterLevel(&buffer, gzip.NoCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(data); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}

	return buffer.Bytes(), nil
}

func newJSON(value any, mediaType types.MediaType) (Blob, error) {
	content, err := json.Marshal(value)
	return newBlob(content, mediaType), err
}

func newBlob(content []byte, mediaType types.MediaType) Blob {
	return Blob{
		Descriptor: v1.Descriptor{MediaType: mediaType, Size: int64(len(content)), Digest: hash(content)},
		Content:    content,
	}
}

func hash(content []byte) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", sha256.Sum256(content))}
}
