package upstream

import (
	"archive/tar"
	"bytes"
	"cmp"
	"embed"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
)

// AddonImages are images with addons in them: KKP's own, to which an installation has added one, and one that is broken
// in every way that the plugin must survive.
func AddonImages(version string) []string {
	return []string{"quay.io/kubermatic/addons:" + version, brokenAddons + ":1.0.0"}
}

const brokenAddons = "ghcr.io/acme/addons"

// addons are templates written for the sandbox, in a directory for each image.
//
//go:embed addons
var addons embed.FS

// ownLayer makes the layer that only this image has: addons, or bytes that nobody looks at.
func ownLayer(named reference.Named, name string) (Blob, error) {
	switch named.Name() {
	case "quay.io/kubermatic/addons":
		return addonsLayer("addons/kkp", nil)
	case brokenAddons:
		return addonsLayer("addons/acme", hostile())
	case kubermatic:
		return treeLayer(charts, "charts", "opt/charts", nil) // as KKP's Dockerfile does
	default:
		return newLayer(name, minOwnSize, maxOwnSize)
	}
}

// hostile are entries that no image should have.
func hostile() []tar.Header {
	return []tar.Header{
		{Name: "addons/links/one.yaml", Typeflag: tar.TypeSymlink, Linkname: "two.yaml"},
		{Name: "addons/links/two.yaml", Typeflag: tar.TypeSymlink, Linkname: "one.yaml"},
		{Name: "addons/outside/passwd.yaml", Typeflag: tar.TypeSymlink, Linkname: "../../etc/passwd"},
		{Name: "../addons/climbs/up.yaml", Typeflag: tar.TypeReg},
	}
}

// addonsLayer makes a layer of a directory and some more entries, as KKP's Dockerfile puts them into the image.
func addonsLayer(dir string, more []tar.Header) (Blob, error) {
	return treeLayer(addons, dir, "addons", more)
}

// treeLayer makes a layer of a directory, under another name, and some more entries.
func treeLayer(files embed.FS, dir, name string, more []tar.Header) (Blob, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	err := fs.WalkDir(files, dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		header := tar.Header{Name: name + strings.TrimPrefix(path, dir), Size: int64(len(content)), Typeflag: tar.TypeReg}
		return writeEntry(writer, header, content)
	})
	if err != nil {
		return Blob{}, err
	}
	for _, header := range slices.Clone(more) {
		if err := writeEntry(writer, header, nil); err != nil {
			return Blob{}, err
		}
	}
	if err := writer.Close(); err != nil {
		return Blob{}, err
	}

	return layer(buffer.Bytes())
}

func writeEntry(writer *tar.Writer, header tar.Header, content []byte) error {
	header.Mode, header.ModTime, header.Format = cmp.Or(header.Mode, 0o644), time.Unix(0, 0), tar.FormatUSTAR
	if err := writer.WriteHeader(&header); err != nil {
		return err
	}
	_, err := writer.Write(content)

	return err
}
