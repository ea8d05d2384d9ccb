// Package pluginimage builds the container image of the plugin from executables: for a release of the
// plugin, and for copies that run in a cluster. The same executables make the same image.
//
// The package knows executables and images. It must not know registries or clusters.
package pluginimage

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// Name is the repository of the image in the registry of the project.
const Name = "ghcr.io/kkp-mirror/kubectl-kkp_mirror"

// program is the executable in the image.
const program = "usr/bin/kubectl-kkp_mirror"

// Executable is the plugin for one architecture of Linux, linked statically.
type Executable struct {
	Architecture string // such as "amd64"
	Content      []byte
	License      []byte    // nil: the image has no file with it
	Modified     time.Time // of the files in the image
}

// Index returns an index of the images for all executables, in their order. version is the release of
// the plugin.
func Index(version string, executables []Executable) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, e := range executables {
		image, err := e.image(version)
		if err != nil {
			return nil, fmt.Errorf("the image for linux/%s: %w", e.Architecture, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: e.Architecture}}})
	}
	return index, nil
}

// image is the plugin as a container image for one architecture: the executable and the roots that
// Mozilla trusts, and nothing else. A user without rights runs the plugin.
func (e Executable) image(version string) (v1.Image, error) {
	layer, err := tarball.LayerFromOpener(e.layer, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: e.Modified}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(base, mutate.Addendum{Layer: layer, History: v1.History{Created: created, CreatedBy: "kubectl-kkp_mirror"}})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", e.Architecture, created
	config.Config = v1.Config{
		Entrypoint: []string{"/" + program}, User: "65532:65532", WorkingDir: "/tmp",
		Labels: map[string]string{
			"org.opencontainers.image.source":   "https://github.com/kkp-mirror/kubectl-kkp_mirror",
			"org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.version":  version,
		},
	}
	return mutate.ConfigFile(image, config)
}

// layer packs the directories and files of the image.
func (e Executable) layer() (io.ReadCloser, error) {
	var packed bytes.Buffer
	tw := tar.NewWriter(&packed)
	for _, dir := range []struct {
		name string
		mode int64
	}{{"etc/", 0o755}, {"etc/ssl/", 0o755}, {"etc/ssl/certs/", 0o755}, {"tmp/", 0o1777}, {"usr/", 0o755}, {"usr/bin/", 0o755}} {
		if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir.name, Mode: dir.mode, ModTime: e.Modified}); err != nil {
			return nil, err
		}
	}
	var files []tarfile.File
	if e.License != nil {
		files = append(files, tarfile.File{Name: "LICENSE", Mode: 0o644, Content: e.License})
	}
	files = append(files,
		tarfile.File{Name: "etc/ssl/certs/ca-certificates.crt", Mode: 0o644, Content: roots()},
		tarfile.File{Name: program, Mode: 0o755, Content: e.Content})
	if err := tarfile.Write(tw, e.Modified, files); err != nil {
		return nil, err
	}
	return io.NopCloser(&packed), tw.Close()
}

// roots are the certificates that Mozilla trusts without a constraint, as PEM.
func roots() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
		}
	}
	return text.Bytes()
}
