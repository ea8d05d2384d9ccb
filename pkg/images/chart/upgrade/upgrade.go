// Package upgrade upgrades Helm releases by Helm's own means, to values that redirect their
// images. It does so only where the chart at hand is the one that is installed, where the API
// server's view of the result shows no change but the redirected references, and where nobody
// has upgraded the release in the meantime. It must not know how a cluster is found.
package upgrade

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
)

// helmHistory is how many revisions Helm keeps unless it is told otherwise.
const helmHistory = 10

// Configuration is Helm's way to a cluster, which is set up with its own Init.
type Configuration = action.Configuration

// Options say how a release is upgraded.
type Options struct {
	Wait    bool // until the workloads are ready, and roll back if they are not
	Timeout time.Duration
}

// Release is a release to upgrade.
type Release struct {
	Name      string
	Namespace string
	Revision  int // that was read, and that the values were found for
	Chart     *chart.Chart
	Config    map[string]any // the user's values
	Override  map[string]any // over them
	Images    []redirect.Image
}

// StaleError says that a release is no longer what was read.
type StaleError struct {
	Read, Now int // revisions
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("revision %d was read, and revision %d is deployed now; run the command again", e.Read, e.Now)
}

// Check tries an upgrade without doing it: with the values as they are it has to give what is
// installed, and with the new ones nothing else but redirected images.
func (r Release) Check(ctx context.Context, cluster *Configuration) error {
	now, err := r.current(cluster)
	if err != nil {
		return err
	}
	same, err := r.dryRun(ctx, cluster, r.Config)
	if err != nil {
		return err
	}
	changes, err := redirect.Differences(manifests(now), manifests(same))
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		return fmt.Errorf("the chart with the values as they are does not give what is installed: an upgrade would change %s", changes[0])
	}
	next, err := r.dryRun(ctx, cluster, chart.Merge(r.Config, r.Override))
	if err != nil {
		return err
	}
	return redirect.Verify(manifests(same), manifests(next), r.Images)
}

// Apply upgrades a release, and returns its new revision. One that fails is rolled back, if
// it is waited for.
func (r Release) Apply(ctx context.Context, cluster *Configuration, options Options) (int, error) {
	if _, err := r.current(cluster); err != nil {
		return 0, err
	}
	history, err := cluster.Releases.History(r.Name)
	if err != nil {
		return 0, err
	}
	upgrade := r.action(cluster)
	upgrade.Atomic, upgrade.Wait, upgrade.Timeout = options.Wait, options.Wait, options.Timeout
	upgrade.MaxHistory = max(helmHistory, len(history)+1)
	upgrade.Description = "Upgrade complete: images come from the mirror"
	opened, err := r.Chart.Open()
	if err != nil {
		return 0, err
	}
	kube.ManagedFieldsManager = "helm" // as in Helm's own program
	done, err := upgrade.RunWithContext(ctx, r.Name, opened, chart.Merge(r.Config, r.Override))
	if err != nil {
		return 0, err
	}
	return done.Version, nil
}

// current returns the deployed revision, which must be the one that was read.
func (r Release) current(cluster *Configuration) (*release.Release, error) {
	now, err := cluster.Releases.Deployed(r.Name)
	if err != nil {
		return nil, err
	}
	if now.Version != r.Revision {
		return nil, &StaleError{r.Revision, now.Version}
	}
	return now, nil
}

// dryRun has the API server check an upgrade to some values, and returns what it would give.
func (r Release) dryRun(ctx context.Context, cluster *Configuration, values map[string]any) (*release.Release, error) {
	upgrade := r.action(cluster)
	upgrade.DryRunOption = "server"
	opened, err := r.Chart.Open()
	if err != nil {
		return nil, err
	}
	done, err := upgrade.RunWithContext(ctx, r.Name, opened, chart.Merge(values, nil))
	if err == nil && done == nil {
		err = errors.New("helm returned no release")
	}
	return done, err
}

func (r Release) action(cluster *Configuration) *action.Upgrade {
	upgrade := action.NewUpgrade(cluster)
	upgrade.Namespace, upgrade.ResetValues = r.Namespace, true
	return upgrade
}

// manifests are what a revision installs, with its hooks.
func manifests(r *release.Release) string {
	texts := []string{r.Manifest}
	for _, hook := range r.Hooks {
		texts = append(texts, hook.Manifest)
	}
	return strings.Join(texts, "\n---\n")
}
