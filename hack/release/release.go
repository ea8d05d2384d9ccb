package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/pluginimage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// release is a release to build.
type release struct {
	Version   string
	Go        string    // the go command
	Root      string    // root of the module
	Dir       string    // directory of the results
	Modified  time.Time // modification time of every packed file
	Platforms []platform
	Talk      io.Writer
}

// archive is a finished archive. The template of the manifest reads it.
type archive struct {
	OS, Arch string
	Name     string // file name
	Binary   string // name of the executable in the archive
	SHA256   string // checksum in hex
}

// The file with the notes of a release, and the name of the checksums.
const (
	notesName     = "notes.md"
	checksumsName = "checksums.txt"
)

func (r release) make(ctx context.Context) error {
	notes, err := r.notes()
	if err != nil {
		return err
	}
	license, err := os.ReadFile(filepath.Join(r.Root, "LICENSE"))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(r.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return err
	}
	var archives []archive
	var executables []pluginimage.Executable
	for _, p := range r.Platforms {
		fmt.Fprintf(r.Talk, "building %s for %s\n", r.Version, p)
		executable, err := r.compile(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		a, err := r.archive(p, executable, license)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		archives = append(archives, a)
		if p.OS == "linux" {
			executables = append(executables, pluginimage.Executable{Architecture: p.Arch, Content: executable, License: license, Modified: r.Modified})
		}
	}
	var layout bytes.Buffer
	if err := r.writeImage(&layout, executables); err != nil {
		return fmt.Errorf("the image: %w", err)
	}
	if err := r.write("kubectl-kkp_mirror_"+r.Version+"_image.oci.tar", layout.Bytes()); err != nil {
		return err
	}
	if err := r.writeChecksums(); err != nil {
		return err
	}
	if err := r.write(notesName, notes); err != nil {
		return err
	}
	if err := r.writeManifest(archives); err != nil {
		return err
	}
	fmt.Fprintf(r.Talk, "%s has %d archives with their SBOMs, the image, %s, %s and %s\n", r.Dir, len(archives), checksumsName, notesName, manifestName)
	return nil
}

// archive packs the plugin for one platform, and writes what it was built from.
func (r release) archive(p platform, executable, license []byte) (archive, error) {
	var packed bytes.Buffer
	err := p.pack(&packed, r.Modified, []tarfile.File{
		{Name: "LICENSE", Mode: 0o644, Content: license},
		{Name: p.binary(), Mode: 0o755, Content: executable},
	})
	if err != nil {
		return archive{}, err
	}
	base := fmt.Sprintf("kubectl-kkp_mirror_%s_%s_%s", r.Version, p.OS, p.Arch)
	a := archive{OS: p.OS, Arch: p.Arch, Name: base + p.extension(), Binary: p.binary(), SHA256: fmt.Sprintf("%x", sha256.Sum256(packed.Bytes()))}
	bom, err := sbom(a.Name, r.Version, executable, r.Modified)
	if err != nil {
		return archive{}, fmt.Errorf("the SBOM: %w", err)
	}
	return a, errors.Join(r.write(a.Name, packed.Bytes()), r.write(base+".cdx.json", bom))
}

func (r release) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(r.Dir, name), content, 0o644)
}

// writeChecksums writes the checksums of all files that were written so far, in the format of
// `sha256sum -c`.
func (r release) writeChecksums() error {
	files, err := filesIn(os.DirFS(r.Dir))
	if err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(f.Content), f.Name)
	}
	return r.write(checksumsName, sums.Bytes())
}
