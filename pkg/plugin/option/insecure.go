package option

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// insecureFlag says whose certificates are not verified: --insecure is for the target, and
// --insecure=HOST,… for hosts that are named. It implements pflag.Value.
type insecureFlag struct {
	target bool
	hosts  []string
}

// Set reads true, false, or hosts. Hosts are added to those before.
func (f *insecureFlag) Set(text string) error {
	if value, err := strconv.ParseBool(text); err == nil {
		*f = insecureFlag{target: value, hosts: f.hosts}
		if !value {
			f.hosts = nil
		}
		return nil
	}
	hosts := strings.Split(text, ",")
	for _, host := range hosts {
		if err := images.CheckHost(host); err != nil {
			return err
		}
	}
	f.hosts = append(f.hosts, hosts...)
	return nil
}

// String implements pflag.Value.
func (f *insecureFlag) String() string {
	if f.target || len(f.hosts) == 0 {
		return strconv.FormatBool(f.target)
	}
	return strings.Join(f.hosts, ",")
}

// Type implements pflag.Value: the flag needs no value.
func (f *insecureFlag) Type() string { return "bool" }

// hostsFor returns the hosts, and the target if --insecure was given without hosts.
func (f *insecureFlag) hostsFor(target images.Target) ([]string, error) {
	if !f.target {
		return f.hosts, nil
	}
	if target.Registry == "" {
		return nil, errors.New("--insecure without hosts applies to the target registry, and this command has no target registry; " +
			"name the hosts whose certificates must not be verified: --insecure=HOST[:PORT],…")
	}
	return append(slices.Clone(f.hosts), target.Registry), nil
}
