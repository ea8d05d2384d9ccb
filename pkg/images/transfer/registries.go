package transfer

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// Registries are the registries that plans are carried out with.
type Registries struct {
	*registry.Client
}

// NewRegistries returns registries that are reached as a configuration says.
func NewRegistries(cfg Config) *Registries { return &Registries{registry.New(cfg)} }

// What those who use this package need of the packages below it.
type (
	// Config says how registries are reached.
	Config = registry.Config
	// Access is what one registry wants beside what every registry gets.
	Access = registry.Access
	// Rule pulls the images of one host through another registry.
	Rule = rewrite.Rule
	// Observer is told what happens.
	Observer = progress.Observer
	// Archive is an archive of images.
	Archive = archive.Archive
)

// IsNamed tells whether a host is one of a list (host[:port]; no port stands for 443).
func IsNamed(hosts []string, host string) bool { return registry.IsNamed(hosts, host) }

// ParseRule reads HOST=REGISTRY[/PREFIX].
func ParseRule(text string) (Rule, error) { return rewrite.Parse(text) }

// Credentials are those of the user, in the files of docker and podman.
func Credentials() authn.Keychain { return credentials.Keychain() }

// IsArchive tells whether a command line argument names an archive.
func IsArchive(name string) bool { return archive.IsName(name) }

// OpenArchive opens an archive for reading. Until ctx is done, it reads what has to be.
func OpenArchive(ctx context.Context, name string) (*Archive, error) { return archive.Open(ctx, name) }

// CreateArchive opens an archive for writing. What an interrupted run left in it is kept.
func CreateArchive(name string) (*Archive, error) { return archive.Create(name) }

// Inventory are the images in an archive, with their digests. Those that cannot be taken
// from it are gaps.
func Inventory(a *Archive) (images.Inventory, error) { return archive.Inventory(a) }

// Classify returns the class of a failure, "" if it fits none.
func Classify(err error) images.Class { return failure.Classify(err) }

// IsMissingRepository tells whether a push failed because its project or repository must be
// created first.
func IsMissingRepository(err error) bool { return status.IsMissing(err) }
