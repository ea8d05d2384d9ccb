package plugin

import (
	"bytes"
	"cmp"
	"encoding/pem"
	"os"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// nodeFileSettings are the settings with which the rewritten profiles of a Seed were made. Without
// such profiles, they are empty.
type nodeFileSettings struct {
	seed      string
	where     []string // the datacenters of the Seed in which KKP makes nodes
	files     string   // URL of the mirror of files; "": it is not known
	packages  string   // URL of the copy of packages; "": none
	installed []byte   // certificates that profiles install (PEM)
	replaced  bool     // a profile has the name of its original: the originals are not in the cluster
}

// with returns the settings with those of a profile.
func (n nodeFileSettings) with(p check.NodeProfile) nodeFileSettings {
	if p.Base != "" {
		n.files = p.Base
	}
	if p.Packages != "" {
		n.packages = p.Packages
	}
	n.installed = slices.Concat(n.installed, p.Installed)
	n.replaced = n.replaced || p.MadeFrom != "" && p.Name == p.Original.Name
	return n
}

// of returns the settings for the datacenters of a Seed.
func (n nodeFileSettings) of(datacenters []patch.SeedDatacenter) nodeFileSettings {
	for _, dc := range datacenters {
		if need.Provider(dc.Provider) != "" {
			n.where = append(n.where, dc.Name)
		}
	}
	return n
}

// profileCommand returns the command that makes the profiles of a Seed (again), with all settings that
// they have; the CA of --ca-file is the one that the user has for the mirrors. "" is returned if a
// setting is not known.
func (s *checkState) profileCommand(n nodeFileSettings, more ...string) string {
	if n.replaced || len(n.where) == 0 || !s.hasCAs(n.installed) {
		return ""
	}
	args := []string{"kubectl", "kkp-mirror", "patch-seed", n.where[0], "--seed", n.seed}
	if len(n.where) > 1 {
		args[3] = "--all-datacenters"
	}
	for _, setting := range [][2]string{{"--files-url", n.files}, {"--packages-url", n.packages}, {"--node-ca-file", s.registry.CAFile}} {
		if setting[1] != "" {
			args = append(args, setting[0], setting[1])
		}
	}
	return display.ShellCommand(slices.Concat(args, more, []string{"-y"}, s.registry.Given, s.connection)...)
}

// filesProfileCommand is profileCommand for profiles that download from the mirror of files.
func (s *checkState) filesProfileCommand(n nodeFileSettings) string {
	if n.files = cmp.Or(n.files, s.filesURL); n.files == "" {
		return ""
	}
	return s.profileCommand(n)
}

// machinesCommand returns the command that gives MachineDeployments the rewritten profiles.
func (s *checkState) machinesCommand(n nodeFileSettings) string {
	n.files = cmp.Or(n.files, s.filesURL) // what an earlier command has set stays
	if n.files == "" && n.packages == "" && s.registry.CAFile == "" {
		return ""
	}
	return s.profileCommand(n, "--machine-deployments")
}

// hasCAs reports whether the file of --ca-file has some certificates. They are in no other file of
// which this command knows.
func (s *checkState) hasCAs(certificates []byte) bool {
	wanted := blocks(certificates)
	if len(wanted) == 0 {
		return true
	}
	text, err := os.ReadFile(s.registry.CAFile)
	if err != nil {
		return false
	}
	has := blocks(text)
	return !slices.ContainsFunc(wanted, func(one []byte) bool {
		return !slices.ContainsFunc(has, func(other []byte) bool { return bytes.Equal(one, other) })
	})
}

// blocks are the contents of a text in PEM.
func blocks(text []byte) [][]byte {
	var all [][]byte
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		all = append(all, block.Bytes)
	}
	return all
}

// filesCommand returns the command that copies the files that new nodes download into the directory
// that the mirror of files serves, "" if the directory is not known.
func (s *checkState) filesCommand(more ...string) string {
	if s.filesDir == "" {
		return ""
	}
	args := []string{"kubectl", "kkp-mirror", "files", s.filesDir}
	if s.registry.CAFile != "" {
		args = append(args, "--ca-file", s.registry.CAFile)
	}
	return display.ShellCommand(slices.Concat(args, more, s.connection)...)
}
