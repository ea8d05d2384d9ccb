package option

import (
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// RegistryFlags are the flags for connections to registries.
type RegistryFlags struct {
	insecure insecureFlag
	maps     []string // HOST=REGISTRY[/PREFIX]
	value    Registry
	cas      string // file
}

// Registry has the options for connections to registries. Hosts are host[:port].
type Registry struct {
	Insecure  []string       // hosts whose certificates are not verified
	PlainHTTP []string       // hosts that are reached over plain HTTP
	CAs       *x509.CertPool // trusted; nil: the system's
	CAFile    string         // file with the certificates of CAs that are not the system's; "": none
	Maps      []rewrite.Rule // --registry-map; the first rule for a host counts
	Mirror    images.Target  // the only source of images: see From; zero: their registries are
	Jobs      int            // concurrency per registry, at least 1
	Timeout   time.Duration  // longest wait for the start of an answer; five times as long for uploads
	MaxWait   time.Duration  // longest wait that a registry may ask for
	Given     []string       // the flags for connections to registries, as given
	Verbosity int            // 6 and more prints requests, 8 their headers
	Processes int            // that send requests from one address, and share its limits; 0: 1
}

// Add adds the flags to those of a command.
func (f *RegistryFlags) Add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.maps, "registry-map", nil,
		"Pull the images of HOST through another registry: HOST=REGISTRY[/PREFIX]. HOST * matches any host; then PREFIX may contain {host}")
	flags.StringVar(&f.cas, "ca-file", "", "PEM file with CA certificates to trust in addition to the system's")
	flags.Var(&f.insecure, "insecure", "Do not verify the TLS certificate of the target registry. --insecure=HOST[:PORT],… names the hosts instead, and is required without a target. "+
		"Token servers with the same host name are included")
	flags.Lookup("insecure").NoOptDefVal = "true"
	flags.StringSliceVar(&f.value.PlainHTTP, "plain-http", nil, "Hosts (host[:port]) to reach over plain HTTP")
	flags.IntVar(&f.value.Jobs, "jobs", 8, "Concurrency per registry: twice as many large blobs, four times as many small requests")
	check(flags, "jobs", func(string) error {
		if f.value.Jobs < 1 {
			return Usagef("--jobs %d: the concurrency must be at least 1", f.value.Jobs)
		}
		return nil
	})
	flags.DurationVar(&f.value.Timeout, "registry-timeout", time.Minute, "Longest wait for the start of an answer of a registry, and five times as long for uploads")
	check(flags, "registry-timeout", func(string) error {
		if f.value.Timeout <= 0 {
			return Usagef("--registry-timeout %s: must be longer than 0", f.value.Timeout)
		}
		return nil
	})
	flags.DurationVar(&f.value.MaxWait, "max-wait", 15*time.Minute, "Longest wait if a registry limits requests or pulls; an image that would wait longer fails")
	check(flags, "max-wait", func(string) error {
		if f.value.MaxWait <= 0 {
			return Usagef("--max-wait %s: must be longer than 0", f.value.MaxWait)
		}
		return nil
	})
	flags.IntVarP(&f.value.Verbosity, "v", "v", 0, "Log verbosity: 6 logs requests, 8 adds headers; credentials are masked")
}

// Parse returns the value of the flags for a command with a target registry, or without one.
func (f *RegistryFlags) Parse(target images.Target) (Registry, error) {
	value := f.value
	value.Given, value.CAFile = f.given(), f.cas
	var err error
	if value.Insecure, err = f.insecure.hostsFor(target); err != nil {
		return Registry{}, Usage(err)
	}
	for _, text := range f.maps {
		rule, err := rewrite.Parse(text)
		if err != nil {
			return Registry{}, Usagef("--registry-map: %w", err)
		}
		value.Maps = append(value.Maps, rule)
	}
	if f.cas != "" {
		if value.CAs, err = loadCAs(f.cas); err != nil {
			return Registry{}, Usagef("--ca-file: %w", err)
		}
	}
	return value, nil
}

// given are the flags that another command needs to reach the same hosts.
func (f *RegistryFlags) given() []string {
	var given []string
	for _, text := range f.maps {
		given = append(given, "--registry-map", text)
	}
	if f.cas != "" {
		given = append(given, "--ca-file", f.cas)
	}
	for _, host := range f.value.PlainHTTP {
		given = append(given, "--plain-http", host)
	}
	if text := f.insecure.String(); text != "false" {
		given = append(given, "--insecure="+text)
	}
	return given
}

// From returns the options with which all images are read from a mirror and nowhere else, also where
// a setting of the user maps registries. The mirror has each image under its own path, so that no
// image is looked for in a new repository.
func (r Registry) From(mirror images.Target) Registry {
	r.Maps, r.Mirror = nil, mirror
	return r.Through(mirror)
}

// ForPods are the flags with which a pod reaches the same registries in the same way. The file with
// certificates has another name there, and is not among them.
func (r Registry) ForPods() []string {
	var args []string
	if r.Mirror != (images.Target{}) {
		args = append(args, "--from", r.Mirror.String())
	}
	for i := 0; i < len(r.Given); i++ {
		if r.Given[i] == "--ca-file" || r.Given[i] == "--registry-map" && r.Mirror != (images.Target{}) {
			i++
			continue
		}
		args = append(args, r.Given[i])
	}
	return append(args, "--jobs", strconv.Itoa(r.Jobs), "--registry-timeout", r.Timeout.String(), "--max-wait", r.MaxWait.String())
}

// Through adds rules to the registry map, after the rules of the user, that read all images from a
// mirror: the mirror must have the images, and other registries are often unreachable.
func (r Registry) Through(mirror images.Target) Registry {
	r.Maps = append(slices.Clone(r.Maps),
		rewrite.Rule{Host: rewrite.HostName(mirror.Registry), Registry: mirror.Registry},
		rewrite.Rule{Host: "*", Registry: mirror.Registry, Prefix: mirror.Prefix})
	return r
}

func loadCAs(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in PEM format", path)
	}
	return pool, nil
}
