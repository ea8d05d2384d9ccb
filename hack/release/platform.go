package main

import (
	"io"
	"time"
)

// platform is one that a release is built for.
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

// environment is what go build needs for the platform, and what keeps the settings of
// the machine out of the result.
func (p platform) environment() []string {
	return []string{
		"GOENV=off", // else an empty variable has the value that `go env -w` stored
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

// pack writes the archive that is usual on the platform.
func (p platform) pack(w io.Writer, modified time.Time, files []file) error {
	if p.OS == "windows" {
		return packZip(w, modified, files)
	}
	return packTarGz(w, modified, files)
}
