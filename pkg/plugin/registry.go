package plugin

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// newRegistries returns the registries of a command, with the options of the command line. Requests
// are logged to errOut.
func newRegistries(o option.Registry, errOut io.Writer) (*transfer.Registries, error) {
	return newRegistriesWithin(transfer.NewLimits(max(1, o.Processes)), o, errOut)
}

// newRegistriesWithin returns further registries of a command, whose requests to a host share one
// limit with those of its other registries.
func newRegistriesWithin(limits *transfer.Limits, o option.Registry, errOut io.Writer) (*transfer.Registries, error) {
	if err := traceCluster(o.Verbosity); err != nil {
		return nil, err
	}
	moves := movesOf
	if o.Mirror != (images.Target{}) {
		moves = nil
	}
	return transfer.NewRegistries(transfer.Config{
		Insecure: o.Insecure, PlainHTTP: o.PlainHTTP, CAs: o.CAs, Rewrite: o.Maps, Keychain: transfer.Credentials(), UserAgent: userAgent(), Moves: moves,
		Trace: errOut, Verbosity: o.Verbosity, Answer: o.Timeout, MaxWait: o.MaxWait, Limits: limits, Waiting: newWaits(errOut).tell,
	}), nil
}

// addPullSecrets adds the credentials with which KKP pulls its own images.
func addPullSecrets(registries *transfer.Registries, inst kkp.Installation, out io.Writer) {
	addCredentials(registries, []byte(inst.Configuration.Field("spec.imagePullSecret")), "the imagePullSecret of the KubermaticConfiguration", out)
	addCredentials(registries, inst.PullSecret.Config, "the Secret "+inst.PullSecret.Name, out)
}

// addCredentials adds the credentials of a docker configuration of KKP; nil adds none. The
// credentials of the user take precedence.
func addCredentials(registries *transfer.Registries, dockerConfig []byte, origin string, out io.Writer) {
	if len(dockerConfig) == 0 {
		return
	}
	if err := registries.AddCredentials(dockerConfig, origin); err != nil {
		fmt.Fprintf(out, "warning: %v; these credentials are not used\n", err)
	}
}

// unreadSecret returns a note for failed logins if the Secret with KKP's credentials could not be
// read, and otherwise "".
func unreadSecret(secret kkp.PullSecret) string {
	if secret.Err == nil {
		return ""
	}
	return fmt.Sprintf("note: the Secret %s with the registry credentials of KKP could not be read: %v", secret.Name, secret.Err)
}

// resolveDigests gets the digest of every image without a digest from its registry. An image whose
// digest cannot be resolved becomes a gap.
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
	_ = group.Wait() // the functions return nil: failures are gaps
	inv.SortGaps()
	slices.Sort(inv.Notes)
}
