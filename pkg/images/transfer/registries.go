package transfer

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/pace"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// Registries executes plans with a registry client.
type Registries struct {
	*registry.Client
}

// NewRegistries returns Registries with a configuration.
func NewRegistries(cfg Config) *Registries { return &Registries{registry.New(cfg)} }

// Types of lower packages that callers of this package need.
type (
	// Config configures the registry client.
	Config = registry.Config
	// Limits are the limits of requests to each host.
	Limits = pace.Hosts
	// Access holds the access settings of one registry.
	Access = registry.Access
	// Rule is one rule of the registry map.
	Rule = rewrite.Rule
	// Observer receives the progress of a run.
	Observer = progress.Observer
	// Archive is an archive of images.
	Archive = archive.Archive
)

// NewLimits returns limits that clients can share, for one of a number of processes (at least 1) that send
// requests from one address. They begin with the budgets of well-known hosts, divided by that number.
func NewLimits(processes int) *Limits { return pace.New(pace.Share(pace.WellKnown(), processes)) }

// IsNamed reports whether a list of hosts contains a host (host[:port]; no port means 443).
func IsNamed(hosts []string, host string) bool { return registry.IsNamed(hosts, host) }

// ParseRule parses HOST=REGISTRY[/PREFIX].
func ParseRule(text string) (Rule, error) { return rewrite.Parse(text) }

// Credentials returns a keychain with the credentials of docker and podman.
func Credentials() authn.Keychain { return credentials.Keychain() }

// IsArchive reports whether a command line argument is the name of an archive.
func IsArchive(name string) bool { return archive.IsName(name) }

// OpenArchive opens an archive for reading. It reads as much as necessary, until ctx is
// done.
func OpenArchive(ctx context.Context, name string) (*Archive, error) { return archive.Open(ctx, name) }

// ContinuedArchive opens for reading what CreateArchive would continue, for a forecast: the content of
// an interrupted run, or else the archive. An archive that does not exist has no content.
func ContinuedArchive(ctx context.Context, name string) (*Archive, error) {
	return archive.Continued(ctx, name)
}

// CreateArchive opens an archive for writing. Content of an interrupted run is kept.
func CreateArchive(name string) (*Archive, error) { return archive.Create(name) }

// Inventory returns the images in an archive, with their digests. Images that cannot be
// read from the archive are gaps.
func Inventory(a *Archive) (images.Inventory, error) { return archive.Inventory(a) }

// Classify returns the class of an error, or "".
func Classify(err error) images.Class { return failure.Classify(err) }

// CauseOf returns the cause of an error of this package in one line, without the reference.
func CauseOf(err error) string { return failure.Cause(err) }

// RemedyOf returns what to do about an error of this package.
func RemedyOf(err error) string { return failure.RemedyOf(err) }

// IsMissingRepository reports whether a push failed because its project or repository must
// be created first.
func IsMissingRepository(err error) bool { return status.IsMissing(err) }
