package main

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/pluginimage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// writeImage writes an OCI layout, as a tar file, with one index of the images of all executables.
func (r release) writeImage(out io.Writer, executables []pluginimage.Executable) error {
	index, err := pluginimage.Index(r.Version, executables)
	if err != nil {
		return err
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
	name := map[string]string{"org.opencontainers.image.ref.name": pluginimage.Name + ":" + r.Version}
	if err := path.AppendIndex(index, layout.WithAnnotations(name)); err != nil {
		return err
	}
	files, err := filesIn(os.DirFS(dir))
	if err != nil {
		return err
	}
	tw := tar.NewWriter(out)
	if err := tarfile.Write(tw, r.Modified, files); err != nil {
		return err
	}
	return tw.Close()
}

// filesIn returns the files in a directory and those below it, in the order of their names.
func filesIn(dir fs.FS) ([]tarfile.File, error) {
	var files []tarfile.File
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		files = append(files, tarfile.File{Name: name, Mode: 0o644, Content: content})
		return err
	})
	return files, err
}
