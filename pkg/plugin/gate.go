package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// StaleListError says that a list lacks images that a cluster would pull from a mirror.
type StaleListError struct {
	List    string
	Lacking []images.Image
}

func (e *StaleListError) Error() string {
	var refs []images.Ref
	for _, img := range e.Lacking {
		refs = append(refs, img.Ref)
	}
	return fmt.Sprintf("%s lacks %s that the installation would pull from the mirror now; nothing was changed:\n  %s\n"+
		"Write the list again (kubectl kkp-mirror images --digests -o json) and copy its images (sync). To leave images out by decision, pass --exclude. To skip this check, pass --skip-verify",
		e.List, display.Count(len(refs), "image"), strings.Join(someRefs(refs), "\n  "))
}

// needs are the images that a change concerns.
type needs struct {
	checked images.Inventory // that the mirror must have
	live    images.Inventory // that are found now, if a list says which are checked
}

// needed finds the images of an installation: those of a list that was written before, or
// those that are found now. A list is compared with what is found, unless nothing is checked.
func (o patchOptions) needed(ctx context.Context, f opened) (needs, error) {
	var n needs
	var err error
	if o.change.Images == "" {
		n.checked, err = o.found(ctx, f)
		return n, errors.Join(err, notEmpty(n.checked, "the installation needs no image as far as it could be read"))
	}
	if n.checked, _, err = readList(o.change.Images, o.streams.In); err != nil {
		return n, err
	}
	n.checked, _ = n.checked.Excluding(o.change.Exclude)
	if err := notEmpty(n.checked, fmt.Sprintf("the list %s has no image", o.change.Images)); err != nil || o.unchecked() {
		return n, err
	}
	n.live, err = o.found(ctx, f)
	return n, err
}

// unchecked tells whether the mirror is not asked.
func (o patchOptions) unchecked() bool {
	return o.change.SkipVerify || o.change.DryRun == option.DryRunClient
}

// notEmpty refuses an empty inventory: everything is true of no image.
func notEmpty(inv images.Inventory, message string) error {
	if len(inv.Images) == 0 {
		return errors.New(message)
	}
	return nil
}

// beyond fails with a *StaleListError if a list lacks images.
func (o patchOptions) beyond(n needs, live images.Inventory) error {
	if lacking := live.Beyond(n.checked); o.change.Images != "" && len(lacking.Images) > 0 {
		return &StaleListError{List: o.change.Images, Lacking: lacking.Images}
	}
	return nil
}

// mirrorOf is what pullers have to do with the mirror, for a change that gives KKP a pull
// Secret and a Secret for charts, "" for none.
func (o patchOptions) mirrorOf(ctx context.Context, f opened, pullSecret string, charts kkp.SecretKey) pullers.Mirror {
	m := pullers.Mirror{Host: o.target.Registry, NodesTrust: o.change.NodesTrust, Unverified: o.mirror().Insecure || o.mirror().PlainHTTP}
	if pullSecret != "" {
		m.PullSecret = []byte(pullSecret)
	}
	m.Bundle, m.BundleErr = f.caBundle(ctx)
	const live = "spec.userCluster.systemApplications.helmRegistryConfigFile"
	if charts.Name == "" {
		charts = kkp.SecretKey{Name: f.inst.Configuration.Field(live + ".name"), Key: f.inst.Configuration.Field(live + ".key")}
	}
	if charts.Name != "" {
		charts.Namespace = f.inst.Configuration.Namespace
		m.ChartsSecret, m.ChartsErr = f.dockerConfig(ctx, charts)
	}
	return m
}

// nodes reads how the nodes of user clusters pull. insecure are the hosts that their
// datacenters get with the change.
func (o patchOptions) nodes(ctx context.Context, f opened, datacenters []patch.SeedDatacenter, insecure []string) []pullers.Node {
	var nodes []pullers.Node
	for _, dc := range datacenters {
		for _, login := range kkp.FindNodeLogins(ctx, f.master, dc.Seed, dc.Clusters, f.connect) {
			nodes = append(nodes, pullers.Node{NodeLogin: login, Insecure: slices.Concat(dc.Insecure, insecure)})
		}
	}
	return nodes
}

// checkPullers fails with a *pullers.Error unless all who will pull from the mirror can.
func (o patchOptions) checkPullers(ctx context.Context, f opened, all []pullers.Puller) error {
	refusals, err := o.refusals(ctx, f, all)
	if err == nil && len(refusals) > 0 {
		err = &pullers.Error{Mirror: o.target, Refusals: refusals}
	}
	return err
}

// refusals asks the mirror as each puller will, and returns what the pullers could not pull.
func (o patchOptions) refusals(ctx context.Context, f opened, all []pullers.Puller) ([]pullers.Refusal, error) {
	var refusals []pullers.Refusal
	for _, p := range all {
		refusal := pullers.Refusal{Puller: p}
		if len(p.Needs) == 0 {
			continue
		}
		if p.Err == nil {
			var err error
			if refusal.Refused, err = o.refused(ctx, f, p); err != nil {
				return nil, err
			}
		}
		if p.Err != nil || len(refusal.Refused) > 0 {
			refusals = append(refusals, refusal)
		}
	}
	return refusals, ctx.Err()
}

// refused asks the mirror as somebody will who pulls from it, and returns what they could not pull.
func (o patchOptions) refused(ctx context.Context, f opened, p pullers.Puller) ([]pullers.Refused, error) {
	registries, err := o.registriesOf(p, f.registries.Limits())
	if err != nil {
		return nil, err
	}
	defer registries.Close()
	var refused []pullers.Refused
	for _, answer := range registries.Ask(ctx, p.Needs, o.registry.Jobs) {
		if answer.Digest == "" {
			refused = append(refused, pullers.Refused{Ref: answer.Ref, Class: answer.Class, Cause: answer.Cause})
		}
	}
	return refused, nil
}

// registriesOf returns the way to the mirror that somebody has who pulls from it: none of
// the credentials of the user, and of the certificates only those that they share.
func (o patchOptions) registriesOf(p pullers.Puller, limits *transfer.Limits) (*transfer.Registries, error) {
	config := transfer.Config{
		Rewrite: option.Registry{}.Through(o.target).Maps, UserAgent: userAgent(), Answer: o.registry.Timeout, MaxWait: o.registry.MaxWait,
		Limits: limits, Waiting: newWaits(o.streams.ErrOut).tell, Trace: o.streams.ErrOut, Verbosity: o.registry.Verbosity,
	}
	if p.Trust.User {
		config.CAs, config.Insecure, config.PlainHTTP = o.registry.CAs, o.registry.Insecure, o.registry.PlainHTTP
	}
	if p.Trust.Unverified {
		config.Insecure, config.PlainHTTP = []string{o.target.Registry}, []string{o.target.Registry}
	}
	if p.Trust.Bundle != nil {
		config.CAs = x509.NewCertPool()
		config.CAs.AppendCertsFromPEM(p.Trust.Bundle) // one without certificates trusts nobody
	}
	registries := transfer.NewRegistries(config)
	if len(p.Docker) == 0 {
		return registries, nil
	}
	return registries, registries.AddCredentials(p.Docker, "the pull secret of "+p.Name)
}
