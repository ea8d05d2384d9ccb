package main

import (
	"io"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// platform is a platform of a release.
type platform struct{ OS, Arch string }

func platforms() []platform {
	var all []platform
	for _, system := range []string{"darwin", "linux", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			all = append(all, platform{OS: system, Arch: arch})
		}
	}
	return all
}

func (p platform) String() string { return p.OS + "/" + p.Arch }

// environment returns the environment of go build for the platform, without settings of the
// machine that would change the result.
func (p platform) environment() []string {
	return []string{
		"GOENV=off", // otherwise an empty variable has the value of `go env -w`
		"GOOS=" + p.OS, "GOARCH=" + p.Arch, "GOAMD64=v1", "GOARM64=v8.0",
		"CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GODEBUG=", "GOFIPS140=off", "GOWORK=off",
	}
}

func (p platform) binary() string {
	if p.OS == "windows" {
		return "kubectl-kkp_mirror.exe"
	}
	return "kubectl-kkp_mirror"
}

func (p platform) extension() string {
	if p.OS == "windows" {
		return ".zip"
	}
	return ".tar.gz"
}

// pack writes the usual type of archive for the platform.
func (p platform) pack(w io.Writer, modified time.Time, files []tarfile.File) error {
	if p.OS == "windows" {
		return packZip(w, modified, files)
	}
	return packTarGz(w, modified, files)
}
