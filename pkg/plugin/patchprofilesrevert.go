package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// revert restores the previous values of the datacenters, and then deletes the rewritten profiles
// that no datacenter and no MachineDeployment uses any more.
func (o patchSeedOptions) revert(ctx context.Context, f opened, chosen []patch.SeedDatacenter) error {
	obsolete, replaced, err := o.obsolete(ctx, f)
	if err != nil {
		return err
	}
	changes, err := o.undo(ctx, f, chosen, replaced)
	if err != nil {
		return err
	}
	changed := slices.ContainsFunc(changes, func(e edit.Edited) bool { return !e.Change.Empty() })
	for _, d := range obsolete {
		o.say("To be deleted: %s", d.text)
	}
	if changed || len(obsolete) == 0 {
		if err := o.carry(ctx, changes, nil); err != nil {
			return err
		}
	} else if o.change.DryRun == option.DryRunNone {
		if err := agree(ctx, o.streams, o.change.Yes, "Delete "+display.Count(len(obsolete), "profile")+"?"); err != nil {
			return err
		}
	}
	if changed {
		o.tellNodes(ctx, f, chosen)
	}
	if replaced {
		o.say("note: operating-system-manager writes its default profiles over the copies in the user clusters when KKP has restarted it. KKP restarts nothing in a paused cluster.")
	}
	return o.deleteAll(ctx, obsolete)
}

// deletion is a profile to delete.
type deletion struct {
	client    kkp.Client
	resource  schema.GroupVersionResource
	namespace string
	name      string
	text      string // name with the cluster
}

// obsolete returns the rewritten profiles that become unused, each with its copies in user clusters:
// KKP leaves the copies when the original is deleted (kubermatic v2.31.0 looks for them in its own
// namespace). It fails if a MachineDeployment still uses one. Profiles that replace default profiles
// are obsolete without their copies, over which operating-system-manager writes the default profiles
// again; replaced reports whether there is one.
func (o patchSeedOptions) obsolete(ctx context.Context, f opened) (all []deletion, replaced bool, err error) {
	inst, chosen, err := o.withProfiles(ctx)
	if err != nil {
		return nil, false, err
	}
	if replaced, err = o.replacedIn(inst); err != nil {
		return nil, false, err
	}
	var problems []string
	for _, datacenters := range patch.BySeed(chosen) {
		found, used, err := o.obsoleteIn(ctx, f, datacenters)
		if err != nil {
			return nil, false, err
		}
		all, problems = append(all, found...), append(problems, used...)
	}
	if len(problems) > 0 {
		return nil, false, fmt.Errorf("nothing was changed, because the profiles cannot be deleted:\n  %s", strings.Join(problems, "\n  "))
	}
	return all, replaced, nil
}

// obsoleteIn returns the obsolete profiles of one Seed, and what still uses them.
func (o patchSeedOptions) obsoleteIn(ctx context.Context, f opened, datacenters []patch.SeedDatacenter) (all []deletion, problems []string, err error) {
	seed := datacenters[0].Seed
	unused, replaced := profiles.Unused(seed, datacenters), profiles.Replaced(seed)
	if len(unused)+len(replaced) == 0 {
		return nil, nil, nil
	}
	client, err := kkp.SeedClient(ctx, f.master, seed, f.connect)
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to Seed %s: %w", seed.Name, err)
	}
	for _, p := range slices.Concat(unused, replaced) {
		all = append(all, deletion{client, kkp.CustomProfileResource(), seed.Namespace, p.Name, fmt.Sprintf("customoperatingsystemprofile/%s on Seed %s", p.Name, seed.Name)})
	}
	if len(unused) == 0 {
		return all, nil, nil
	}
	problems, unread := profiles.Users(seed, unused)
	if o.change.SkipVerify {
		for _, text := range unread {
			o.say("warning: %s", text)
		}
	} else {
		problems = append(problems, unread...)
	}
	copies, err := o.copies(ctx, f, client, seed, unused)
	return append(all, copies...), problems, err
}

// copies returns the copies of profiles in the user clusters of a Seed.
func (o patchSeedOptions) copies(ctx context.Context, f opened, seedClient kkp.Client, seed kkp.Seed, unused []kkp.Profile) ([]deletion, error) {
	var all []deletion
	for _, cluster := range seed.Clusters {
		found := profiles.Copies(cluster, unused)
		if len(found) == 0 {
			continue
		}
		client, err := kkp.UserClusterClient(ctx, seedClient, cluster, f.connect)
		if err != nil {
			return nil, fmt.Errorf("user cluster %s: %w", cluster.Name, err)
		}
		for _, p := range found {
			all = append(all, deletion{client, kkp.ProfileResource(), p.Namespace, p.Name, fmt.Sprintf("operatingsystemprofile/%s in user cluster %s", p.Name, cluster.Name)})
		}
	}
	return all, nil
}

// deleteAll deletes profiles, or shows what a dry run would delete. After an error it goes on with
// the next one.
func (o patchSeedOptions) deleteAll(ctx context.Context, all []deletion) error {
	var failures []error
	for _, d := range all {
		result := display.ObjectResult{Name: d.text, Outcome: display.Deleted}
		options := metav1.DeleteOptions{}
		switch o.change.DryRun {
		case option.DryRunClient:
			result.DryRun = "client dry run"
		case option.DryRunServer:
			result.DryRun, options.DryRun = "server dry run", []string{metav1.DryRunAll}
		}
		if o.change.DryRun != option.DryRunClient {
			err := d.client.Resource(d.resource).Namespace(d.namespace).Delete(ctx, d.name, options)
			if err != nil && !apierrors.IsNotFound(err) {
				failures = append(failures, fmt.Errorf("%s: %w", d.text, err))
				continue
			}
		}
		display.Objects(o.resultsOut(), []display.ObjectResult{result})
	}
	return errors.Join(failures...)
}
