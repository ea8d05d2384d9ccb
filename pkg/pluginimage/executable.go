package pluginimage

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	_ "embed" // for license
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// Bounds of executables and of the archives with them.
const (
	maxExecutable = 512 << 20 // bytes; an archive has hardly more
	maxLicense    = 1 << 20   // bytes
	maxMembers    = 100       // of an archive
)

// UnsuitableError says that an executable cannot run alone in an image.
type UnsuitableError struct {
	Reason string // a clause about the executable
}

func (e *UnsuitableError) Error() string {
	return "the executable " + e.Reason + ", and the image needs the plugin for Linux without shared libraries"
}

// license is the LICENSE of the project.
//
//go:embed LICENSE
var license []byte

// Read reads an executable of the plugin, such as the program that runs. An executable for another
// system, or one that needs shared libraries, is an *UnsuitableError. The time in the image is that of
// the commit, as far as Go's build information has the commit, or else the beginning of the epoch: the
// image follows from the executable alone.
func Read(file io.Reader) (Executable, error) {
	content, err := bounded.ReadAll(file, maxExecutable)
	if err != nil {
		return Executable{}, fmt.Errorf("the executable: %w", err)
	}
	built, err := inspect(content)
	return Executable{Architecture: built.architecture, Content: content, License: license, Modified: built.committed}, err
}

// Archive reads the executable and the license from an archive of a release of the plugin (.tar.gz),
// and returns the SHA-256 checksum of the archive in hex, as checksums.txt of the release has it.
func Archive(file io.Reader) (e Executable, checksum string, err error) {
	sum := sha256.New()
	all := io.TeeReader(file, sum)
	zip, err := gzip.NewReader(all)
	if err != nil {
		return e, "", err
	}
	content, err := members(tar.NewReader(io.LimitReader(zip, maxExecutable+maxLicense)))
	if err != nil {
		return e, "", err
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(all, maxExecutable)); err != nil { // the rest, for the checksum
		return e, "", err
	}
	built, err := inspect(content.Content)
	content.Architecture = built.architecture
	return content, fmt.Sprintf("%x", sum.Sum(nil)), err
}

// members reads the files of an archive; others are left alone.
func members(tr *tar.Reader) (e Executable, err error) {
	for range maxMembers {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			if e.Content == nil {
				return e, errors.New("the archive has no kubectl-kkp_mirror: an archive of a release for Linux is needed")
			}
			return e, nil
		}
		if err == nil {
			err = tarfile.Check(header)
		}
		if err != nil {
			return e, err
		}
		switch {
		case header.Typeflag != tar.TypeReg:
		case header.Name == "kubectl-kkp_mirror":
			e.Modified = header.ModTime.UTC()
			e.Content, err = bounded.ReadAll(tr, maxExecutable)
		case header.Name == "LICENSE":
			e.License, err = bounded.ReadAll(tr, maxLicense)
		}
		if err != nil {
			return e, fmt.Errorf("%s: %w", header.Name, err)
		}
	}
	return e, &bounded.CountError{Limit: maxMembers}
}

// module is the module of the plugin.
const module = "github.com/kkp-mirror/kubectl-kkp_mirror"

// build is what an executable says about itself.
type build struct {
	architecture string
	committed    time.Time // the beginning of the epoch: unknown
}

// inspect reads the build information of an executable of the plugin for Linux.
func inspect(content []byte) (build, error) {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return build{}, &UnsuitableError{Reason: "is not one for Linux"}
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return build{}, &UnsuitableError{Reason: "needs shared libraries"}
		}
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil || info.Main.Path != module {
		return build{}, &UnsuitableError{Reason: "is not this plugin"}
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	if settings["GOOS"] != "linux" || settings["GOARCH"] == "" {
		return build{}, &UnsuitableError{Reason: "is for " + settings["GOOS"] + "/" + settings["GOARCH"]}
	}
	committed, err := time.Parse(time.RFC3339, settings["vcs.time"])
	if err != nil {
		committed = time.Unix(0, 0)
	}
	return build{architecture: settings["GOARCH"], committed: committed.UTC()}, nil
}
