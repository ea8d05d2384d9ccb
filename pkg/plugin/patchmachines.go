package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// machinesInterval is the time between two reads of a MachineDeployment; all user clusters are read
// half as often.
const machinesInterval = 2 * time.Second

// machineMove is the change of a MachineDeployment in its user cluster.
type machineMove struct {
	profiles.Move

	seed    kkp.Seed
	cluster kkp.Cluster
}

func (m machineMove) name() string {
	return fmt.Sprintf("machinedeployment/%s in user cluster %s", m.Deployment.Name, m.cluster.Name)
}

// changeMachines changes the MachineDeployments whose new machines do not get the profiles yet: it
// waits for the copies of the profiles, shows the changes, asks, and makes one change after the other.
// The first that fails, or that does not become ready, is the last.
func (o patchSeedOptions) changeMachines(ctx context.Context, f opened, made []madeProfiles) error {
	if !o.nodeFiles.machines {
		return nil
	}
	if o.change.DryRun != option.DryRunNone {
		o.say("note: MachineDeployments are changed without --dry-run only: what would be changed depends on the copies of the profiles")
		return nil
	}
	chosen, skipped, err := o.copiedTo(ctx, made)
	if err != nil {
		return err
	}
	moves := o.moves(chosen, made)
	if len(moves) == 0 {
		o.say("no MachineDeployment needs a change")
		return skipped
	}
	for _, m := range moves {
		o.say("To be changed: %s: %s", m.name(), m.Command())
	}
	question := "Change " + display.Count(len(moves), "MachineDeployment") + ", one after the other?"
	if moves[0].Rolls() {
		question = "Change " + display.Count(len(moves), "MachineDeployment") + ", one after the other? Each replaces all of its machines."
	}
	if err := agree(ctx, o.streams, o.change.Yes, question); err != nil {
		return err
	}
	for i, m := range moves {
		if err := o.moveOne(ctx, f, m); err != nil {
			if ctx.Err() != nil {
				return &InterruptedError{Message: fmt.Sprintf("%s: %v", m.name(), err)}
			}
			return fmt.Errorf("%s: %w\n%s not changed. Run the command again when this one is ready", m.name(), err, display.Count(len(moves)-i-1, "further MachineDeployment"))
		}
		display.Objects(o.resultsOut(), []display.ObjectResult{{Name: m.name(), Outcome: display.Patched}})
	}
	return skipped
}

// moves are the changes of MachineDeployments in datacenters.
func (o patchSeedOptions) moves(chosen []patch.SeedDatacenter, made []madeProfiles) []machineMove {
	var all []machineMove
	for _, dc := range chosen {
		for _, m := range made {
			if m.seed.Name != dc.Seed.Name {
				continue
			}
			for _, cluster := range dc.Clusters {
				for _, move := range profiles.Moves(cluster, o.rewritings(m), m.release.Version()) {
					all = append(all, machineMove{move, dc.Seed, cluster})
				}
			}
		}
	}
	return all
}

// copiedTo reads the installation until each user cluster that KKP copies profiles to has them, at
// most for the timeout. skipped is an error that names the user clusters without the copies.
func (o patchSeedOptions) copiedTo(ctx context.Context, made []madeProfiles) (chosen []patch.SeedDatacenter, skipped, err error) {
	told := false
	var lacking []string
	err = wait.PollUntilContextTimeout(ctx, 2*machinesInterval, o.nodeFiles.timeout, true, func(ctx context.Context) (bool, error) {
		_, read, err := o.withProfiles(ctx)
		if err != nil {
			return false, err
		}
		chosen = read
		var waiting []string
		lacking, waiting = o.lacking(chosen, made)
		if len(waiting) > 0 && !told {
			o.say("waiting for the copies of the profiles in %s", strings.Join(waiting, ", "))
			told = true
		}
		return len(waiting) == 0, nil
	})
	if err != nil && ctx.Err() == nil && wait.Interrupted(err) {
		err = nil
	}
	if len(lacking) > 0 {
		skipped = &PartialError{Message: "the MachineDeployments of these user clusters were not changed, because the clusters do not have the profiles: " + strings.Join(lacking, ", ")}
	}
	return chosen, skipped, err
}

// lacking returns the user clusters that lack a profile. waiting are those that KKP will give the
// profile without further action; of profiles that replace default profiles, these are none, because
// operating-system-manager restarts first.
func (o patchSeedOptions) lacking(chosen []patch.SeedDatacenter, made []madeProfiles) (lacking, waiting []string) {
	for _, dc := range chosen {
		for _, m := range made {
			if m.seed.Name != dc.Seed.Name {
				continue
			}
			for _, cluster := range dc.Clusters {
				if profiles.HasCopies(cluster, o.rewritings(m)) {
					continue
				}
				lacking = append(lacking, cluster.Name)
				if !o.nodeFiles.replace && !cluster.Paused && len(cluster.Unhealthy) == 0 && cluster.Setup != nil && cluster.Setup.Err == nil {
					waiting = append(waiting, cluster.Name)
				}
			}
		}
	}
	return lacking, waiting
}

// moveOne changes a MachineDeployment, and waits until it is ready.
func (o patchSeedOptions) moveOne(ctx context.Context, f opened, m machineMove) error {
	seed, err := kkp.SeedClient(ctx, f.master, m.seed, f.connect)
	if err != nil {
		return err
	}
	client, err := kkp.UserClusterClient(ctx, seed, m.cluster, f.connect)
	if err != nil {
		return err
	}
	text, err := json.Marshal(m.Patch(time.Now().UTC().Format(time.RFC3339)))
	if err != nil {
		return err
	}
	d := m.Deployment
	options := metav1.PatchOptions{FieldManager: o.change.Manager}
	if _, err := client.Resource(kkp.MachineDeploymentResource()).Namespace(d.Namespace).Patch(ctx, d.Name, types.MergePatchType, text, options); err != nil {
		return err
	}
	lacks := ""
	err = wait.PollUntilContextTimeout(ctx, machinesInterval, o.nodeFiles.timeout, true, func(ctx context.Context) (bool, error) {
		now, configs, err := kkp.ReadMachineDeployment(ctx, client, d.Namespace, d.Name)
		waiting := m.Waiting(now, configs)
		if err != nil {
			waiting = err.Error()
		}
		if waiting != "" && waiting != lacks {
			o.say("waiting for %s: %s", m.name(), waiting)
		}
		lacks = waiting
		return lacks == "", nil
	})
	if err != nil && ctx.Err() == nil && wait.Interrupted(err) {
		return errors.New("not ready within " + o.nodeFiles.timeout.String() + ": " + lacks)
	}
	return err
}
