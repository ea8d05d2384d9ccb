package plugin

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// nodeFilesFlags are the flags for what nodes download when they are set up.
type nodeFilesFlags struct {
	files, packages, ca string
	architectures       option.ArchitectureFlags
	originals           []string
	replace             bool
	machines            bool
	timeout             time.Duration
}

func (f *nodeFilesFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.files, "files-url", "",
		"URL of a copy of the files that 'files DIR' writes; new nodes download them from there, with operating system profiles that this command makes from the present ones")
	flags.StringVar(&f.packages, "packages-url", "", "URL of a copy or a proxy of https://download.docker.com; new nodes install containerd from there")
	flags.StringVar(&f.ca, "node-ca-file", "", "PEM file with CA certificates that new nodes trust: curl, the package manager and containerd")
	flags.BoolVar(&f.replace, "replace-defaults", false,
		"Give the new profiles the names of KKP's default profiles, and have KKP write no default profiles: they then reach MachineDeployments that exist. For all Seeds; needs --all-datacenters")
	flags.StringSliceVar(&f.originals, "os-profiles", nil,
		"Files or directories with OperatingSystemProfiles, such as deploy/osps/default of operating-system-manager: the profiles are made from these, and not from those of user clusters")
	flags.BoolVar(&f.machines, "machine-deployments", false,
		"Then change the MachineDeployments whose new machines do not get the profiles yet, one after the other, and stop at the first that does not become ready")
	flags.DurationVar(&f.timeout, "timeout", 20*time.Minute, "With --machine-deployments: how long to wait for each user cluster to get the profiles, and for each MachineDeployment to become ready")
	f.architectures.Add(flags)
	flags.Lookup("platform").Usage = "Require only files for nodes of these platforms, linux/amd64 or linux/arm64 (default: both)"
}

// parse reads the flags.
func (f *nodeFilesFlags) parse() (profileSettings, error) {
	var n profileSettings
	var err error
	if f.files != "" {
		if n.settings.Files, err = rewrite.ParseURL(f.files); err != nil {
			return n, option.Usagef("--files-url: %w", err)
		}
	}
	if f.packages != "" {
		if n.settings.Packages, err = rewrite.ParseURL(f.packages); err != nil {
			return n, option.Usagef("--packages-url: %w", err)
		}
	}
	if f.ca != "" {
		text, err := os.ReadFile(f.ca)
		if err == nil {
			n.settings.CAs, err = rewrite.ParseCAs(text)
		}
		if err != nil {
			return n, option.Usagef("--node-ca-file %s: %w", f.ca, err)
		}
	}
	n.replace, n.machines, n.timeout = f.replace, f.machines, f.timeout
	if n.originals, err = readOriginals(f.originals); err != nil {
		return n, fmt.Errorf("--os-profiles: %w", err)
	}
	n.architectures, err = f.architectures.Parse()
	return n, err
}

// profileSettings are the settings for what nodes download when they are set up.
type profileSettings struct {
	settings      rewrite.Settings
	architectures []string      // none: all
	originals     []kkp.Profile // from files; none: those of the installation
	replace       bool          // the rewritten profiles get the names of default profiles
	machines      bool          // MachineDeployments are changed, too
	timeout       time.Duration // for each of them
}

// needsSettings reports whether a flag is set that has no effect without settings.
func (n profileSettings) needsSettings() bool {
	return n.replace || n.machines || len(n.originals) > 0
}
