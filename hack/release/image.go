package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"io"
	"io/fs"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// imageName is the repository of the image in the registry of the project.
const imageName = "ghcr.io/kkp-mirror/kubectl-kkp_mirror"

// image is the plugin as a container image for one platform: the executable and the roots that
// Mozilla trusts, and nothing else. A user without rights runs the plugin.
func (r release) image(p platform, executable, license []byte) (v1.Image, error) {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return r.layer([]file{
			{Name: "LICENSE", Mode: 0o644, Content: license},
			{Name: "etc/ssl/certs/ca-certificates.crt", Mode: 0o644, Content: roots()},
			{Name: "usr/bin/kubectl-kkp_mirror", Mode: 0o755, Content: executable},
		})
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: r.Modified}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(base, mutate.Addendum{Layer: layer, History: v1.History{Created: created, CreatedBy: "make release"}})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = p.OS, p.Arch, created
	config.Config = v1.Config{
		Entrypoint: []string{"/usr/bin/kubectl-kkp_mirror"}, User: "65532:65532", WorkingDir: "/tmp",
		Labels: map[string]string{
			"org.opencontainers.image.source":   "https://github.com/kkp-mirror/kubectl-kkp_mirror",
			"org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.version":  r.Version,
		},
	}
	return mutate.ConfigFile(image, config)
}

// layer packs the directories and files of a layer.
func (r release) layer(files []file) (io.ReadCloser, error) {
	var packed bytes.Buffer
	tw := tar.NewWriter(&packed)
	for _, dir := range []struct {
		name string
		mode int64
	}{{"etc/", 0o755}, {"etc/ssl/", 0o755}, {"etc/ssl/certs/", 0o755}, {"tmp/", 0o1777}, {"usr/", 0o755}, {"usr/bin/", 0o755}} {
		if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir.name, Mode: dir.mode, ModTime: r.Modified}); err != nil {
			return nil, err
		}
	}
	if err := addFiles(tw, r.Modified, files); err != nil {
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

// writeImages writes an OCI layout, as a tar file, with one index of the images of all platforms.
func (r release) writeImages(out io.Writer, images map[platform]v1.Image) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range r.Platforms {
		if image, ok := images[p]; ok {
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.OS, Architecture: p.Arch}}})
		}
	}
	dir, err := os.MkdirTemp("", "kkp-mirror-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	name := map[string]string{"org.opencontainers.image.ref.name": imageName + ":" + r.Version}
	if err := path.AppendIndex(index, layout.WithAnnotations(name)); err != nil {
		return err
	}
	files, err := filesIn(os.DirFS(dir))
	if err != nil {
		return err
	}
	tw := tar.NewWriter(out)
	if err := addFiles(tw, r.Modified, files); err != nil {
		return err
	}
	return tw.Close()
}

// filesIn returns the files in a directory and those below it, in the order of their names.
func filesIn(dir fs.FS) ([]file, error) {
	var files []file
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		files = append(files, file{Name: name, Mode: 0o644, Content: content})
		return err
	})
	return files, err
}
