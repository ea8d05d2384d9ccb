package option

import (
	"crypto/x509"
	"slices"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
)

// ArchitectureFlags choose the architectures of nodes.
type ArchitectureFlags struct{ platforms []string }

// Add adds the flags to those of a command.
func (f *ArchitectureFlags) Add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.platforms, "platform", nil, "List only files for nodes of these platforms, linux/amd64 or linux/arm64 (default: both)")
}

// Parse returns the architectures, such as "amd64"; none: all.
func (f *ArchitectureFlags) Parse() ([]string, error) {
	platforms, err := ParsePlatforms(f.platforms)
	if err != nil {
		return nil, err
	}
	var architectures []string
	for _, p := range platforms {
		if p.OS != "linux" || !slices.Contains(files.Architectures(), p.Architecture) {
			return nil, Usagef("--platform %q: nodes are linux/amd64 or linux/arm64", p.String())
		}
		architectures = append(architectures, p.Architecture)
	}
	return architectures, nil
}

// DownloadFlags say how files are fetched.
type DownloadFlags struct {
	maps       []string
	cas        string
	jobs       int
	noProgress bool
}

// Download says how files are fetched.
type Download struct {
	Maps       []mirror.Map
	CAs        *x509.CertPool // trusted; nil: the system's
	Jobs       int            // files at once, at least 1
	NoProgress bool           // a line for each file, also on a terminal
}

// Add adds the flags to those of a command.
func (f *DownloadFlags) Add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.maps, "url-map", nil, "Fetch what begins with an address from another one: ADDRESS=ADDRESS, such as https://dl.k8s.io=https://nexus.example.com/k8s")
	flags.StringVar(&f.cas, "ca-file", "", "PEM file with CA certificates to trust in addition to the system's")
	flags.IntVar(&f.jobs, "jobs", 4, "Number of files that are fetched concurrently")
	flags.BoolVar(&f.noProgress, "no-progress", false, "Print a line for each file instead of a progress bar")
}

// Parse returns the value of the flags.
func (f *DownloadFlags) Parse() (Download, error) {
	d := Download{Jobs: f.jobs, NoProgress: f.noProgress}
	if f.jobs < 1 {
		return d, Usagef("--jobs %d: the concurrency must be at least 1", f.jobs)
	}
	var err error
	if d.Maps, err = parseMaps(f.maps); err != nil || f.cas == "" {
		return d, err
	}
	if d.CAs, err = loadCAs(f.cas); err != nil {
		return d, Usagef("--ca-file: %w", err)
	}
	return d, nil
}

// DownloadOf returns how a command that speaks to registries fetches files.
func DownloadOf(r Registry, urlMaps []string) (Download, error) {
	d := Download{CAs: r.CAs, Jobs: r.Jobs}
	var err error
	d.Maps, err = parseMaps(urlMaps)
	return d, err
}

func parseMaps(texts []string) ([]mirror.Map, error) {
	var maps []mirror.Map
	for _, text := range texts {
		m, err := mirror.ParseMap(text)
		if err != nil {
			return nil, Usagef("--url-map %w", err)
		}
		maps = append(maps, m)
	}
	return maps, nil
}
