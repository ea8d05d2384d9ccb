package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// registryFlags say how registries are reached.
type registryFlags struct {
	insecure  insecureFlag
	plainHTTP []string
	caFile    string
	mappings  []string
	jobs      int
	verbosity int
}

func (f *registryFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.mappings, "registry-map", nil,
		"Pull the images of a host through another registry, as HOST=REGISTRY[/PREFIX]; HOST * is any host, and then PREFIX may contain {host}")
	flags.StringVar(&f.caFile, "ca-file", "", "PEM file with CA certificates to trust beside the system's")
	flags.Var(&f.insecure, "insecure", "Do not verify the TLS certificate of the target registry, or with --insecure=HOST[:PORT],… (needed where there is no target) those of these hosts; "+
		"that includes token servers under the same host name, and nothing else")
	flags.Lookup("insecure").NoOptDefVal = "true"
	flags.StringSliceVar(&f.plainHTTP, "plain-http", nil, "Hosts (host[:port]) that speak plain HTTP")
	flags.IntVar(&f.jobs, "jobs", 8, "Concurrency per registry: twice as many large blobs, four times as many small requests")
	flags.IntVarP(&f.verbosity, "v", "v", 0, "Log verbosity on stderr: 6 prints each request, 8 adds headers; credentials are masked")
}

// registries returns the way to registries that the flags describe, for a command with a
// target, or without one.
func (f *registryFlags) registries(cmd *cobra.Command, target images.Target) (*transfer.Registries, error) {
	insecure, err := f.insecure.of(target)
	if err != nil {
		return nil, usageError(cmd, err)
	}
	config := transfer.Config{
		Insecure: insecure, PlainHTTP: f.plainHTTP, Keychain: transfer.Credentials(), UserAgent: userAgent(), Moves: movesOf,
		Trace: cmd.ErrOrStderr(), Verbosity: f.verbosity,
	}
	if err := traceCluster(f.verbosity); err != nil {
		return nil, err
	}
	if f.jobs < 1 {
		return nil, usageError(cmd, fmt.Errorf("--jobs %d: at least 1 is needed", f.jobs))
	}
	for _, text := range f.mappings {
		m, err := transfer.ParseRule(text)
		if err != nil {
			return nil, usageError(cmd, fmt.Errorf("--registry-map: %w", err))
		}
		config.Rewrite = append(config.Rewrite, m)
	}
	if f.caFile != "" {
		pool, err := loadCAs(f.caFile)
		if err != nil {
			return nil, usageError(cmd, fmt.Errorf("--ca-file: %w", err))
		}
		config.CAs = pool
	}
	return transfer.NewRegistries(config), nil
}

// addPullSecrets adds the credentials that KKP has for its own images, for the registries
// that it has them for.
func addPullSecrets(registries *transfer.Registries, inst kkp.Installation, out io.Writer) {
	addCredentials(registries, []byte(inst.Configuration.Field("spec.imagePullSecret")), "the imagePullSecret of the KubermaticConfiguration", out)
	addCredentials(registries, inst.PullSecret.Config, "the Secret "+inst.PullSecret.Name, out)
}

// addCredentials adds the credentials of a docker configuration that KKP has, if it has one.
// They come after those that are known already.
func addCredentials(registries *transfer.Registries, dockerConfig []byte, origin string, out io.Writer) {
	if len(dockerConfig) == 0 {
		return
	}
	if err := registries.AddCredentials(dockerConfig, origin); err != nil {
		fmt.Fprintf(out, "warning: %v; it is not used\n", err)
	}
}

// unreadSecret is a note for failures that the Secret of KKP might have prevented, "" if it
// was read or is not there.
func unreadSecret(secret kkp.PullSecret) string {
	if secret.Err == nil {
		return ""
	}
	return fmt.Sprintf("note: the Secret %s, in which KKP keeps its credentials, could not be read: %v", secret.Name, secret.Err)
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

// parsePlatforms reads os/arch[/variant] values.
func parsePlatforms(cmd *cobra.Command, texts []string) ([]v1.Platform, error) {
	var platforms []v1.Platform
	for _, text := range texts {
		platform, err := v1.ParsePlatform(text)
		if err == nil && (platform.OS == "" || platform.Architecture == "") {
			err = errors.New("write it as os/arch or os/arch/variant, such as linux/amd64")
		}
		if err != nil {
			return nil, usageError(cmd, fmt.Errorf("--platform %q: %w", text, err))
		}
		platforms = append(platforms, *platform)
	}
	return platforms, nil
}

// resolveDigests asks the registries for the digest of every image that has none. One
// that cannot be told becomes a gap.
func resolveDigests(ctx context.Context, registries *transfer.Registries, inv *images.Inventory, jobs int) {
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(jobs)
	for i := range inv.Images {
		img := &inv.Images[i]
		group.Go(func() error {
			digest, moved, err := registries.Find(ctx, img.Ref)
			mu.Lock()
			defer mu.Unlock()
			if moved != nil {
				inv.Notes = append(inv.Notes, img.Ref.String()+": "+moved.Note(img.Ref, "found at"))
			}
			if err == nil {
				img.Digest, img.Moved = digest, moved
				return nil
			}
			inv.Gaps = append(inv.Gaps, images.Gap{Source: "digests", Subject: img.Ref.String(), Error: err.Error()})
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is a gap
	inv.SortGaps()
	slices.Sort(inv.Notes)
}
