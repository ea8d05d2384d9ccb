package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
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

func (r release) make(ctx context.Context) error {
	if err := os.RemoveAll(r.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return err
	}
	license, err := os.ReadFile(filepath.Join(r.Root, "LICENSE"))
	if err != nil {
		return err
	}
	var archives []archive
	for _, p := range r.Platforms {
		fmt.Fprintf(r.Talk, "building %s for %s\n", r.Version, p)
		a, err := r.archive(ctx, p, license)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		archives = append(archives, a)
	}
	if err := r.writeChecksums(archives); err != nil {
		return err
	}
	if err := r.writeManifest(archives); err != nil {
		return err
	}
	fmt.Fprintf(r.Talk, "%s has %d archives, checksums.txt and kkp-mirror.yaml\n", r.Dir, len(archives))
	return nil
}

// archive compiles and packs the plugin for one platform.
func (r release) archive(ctx context.Context, p platform, license []byte) (archive, error) {
	binary, err := r.compile(ctx, p)
	if err != nil {
		return archive{}, err
	}
	var packed bytes.Buffer
	err = p.pack(&packed, r.Modified, []file{
		{Name: "LICENSE", Mode: 0o644, Content: license},
		{Name: p.binary(), Mode: 0o755, Content: binary},
	})
	if err != nil {
		return archive{}, err
	}
	name := fmt.Sprintf("kubectl-kkp_mirror_%s_%s_%s%s", r.Version, p.OS, p.Arch, p.extension())
	if err := os.WriteFile(filepath.Join(r.Dir, name), packed.Bytes(), 0o644); err != nil {
		return archive{}, err
	}
	return archive{
		OS:     p.OS,
		Arch:   p.Arch,
		Name:   name,
		Binary: p.binary(),
		SHA256: fmt.Sprintf("%x", sha256.Sum256(packed.Bytes())),
	}, nil
}

// writeChecksums writes the checksums in the format of `sha256sum -c`.
func (r release) writeChecksums(archives []archive) error {
	var sums bytes.Buffer
	for _, a := range archives {
		fmt.Fprintf(&sums, "%s  %s\n", a.SHA256, a.Name)
	}
	return os.WriteFile(filepath.Join(r.Dir, "checksums.txt"), sums.Bytes(), 0o644)
}
