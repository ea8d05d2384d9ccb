// Package upgrade upgrades Helm releases, with Helm's code, to values that redirect their images.
// The chart stored with a release is not trusted, because every client that may write Secrets can
// have written it. Therefore an upgrade is first tried in a dry run of the API server. It may only
// change image references of objects that belong to the release, unless the user names an object.
// Exactly the manifests of the dry run are applied. The package must not know how to connect to a
// cluster.
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

// helmHistory is Helm's default number of revisions in the history.
const helmHistory = 10

// Configuration is Helm's connection to a cluster; its Init method sets it up.
type Configuration = action.Configuration

// Cluster is the cluster of a release.
type Cluster struct {
	*Configuration
	DryRun  kube.Interface                          // client of the same API; all its requests are dry runs
	History func(context.Context) ([]Stored, error) // reads all revisions of the release

	// NotReady returns the pods of a namespace that a label selector selects and that are
	// not ready, the newest first. It may be nil.
	NotReady func(ctx context.Context, namespace, selector string) ([]Pod, error)
}

// Options are options of an upgrade.
type Options struct {
	Wait    bool // wait for the readiness of workloads, and roll back without it
	Timeout time.Duration

	// RollingBack is called when an upgrade was interrupted, before it is rolled back to a
	// revision; nil: nobody is told.
	RollingBack func(revision int)
}

// Upgrade is a release with the values to upgrade it to.
type Upgrade struct {
	Name      string
	Namespace string
	Revision  int // the revision for which the values were found
	Chart     *chart.Chart
	Config    map[string]any // the user's values
	Override  map[string]any // values to merge into the user's
	Images    []redirect.ImageReference
}

// StaleError says that a release has a newer revision than the one that was read.
type StaleError struct {
	Read, Now int // revisions
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("revision %d was read, but revision %d is deployed now; run the command again", e.Read, e.Now)
}

// Trial is the result of the dry run of an upgrade.
type Trial struct {
	Changes []ObjectChange // changes in the cluster
	Waits   []string       // objects whose readiness is waited for

	release   Upgrade
	cluster   Cluster
	store     *snapshot
	installed *release.Release
	next      *release.Release
	options   Options
}

// Try makes a dry run of an upgrade. With the current values, the chart must render to the
// installed manifests; with the new values, only redirected references may differ. Then the API
// server makes a dry run for each object.
func (r Upgrade) Try(ctx context.Context, cluster Cluster, options Options) (*Trial, error) {
	store, err := r.read(ctx, cluster)
	if err != nil {
		return nil, err
	}
	if err := r.pending(store); err != nil {
		return nil, err
	}
	t := &Trial{release: r, cluster: cluster, store: store, options: options}
	if t.installed, err = r.current(store); err != nil {
		return nil, err
	}
	same, err := t.dryRun(ctx, r.Config)
	if err != nil {
		return nil, err
	}
	changes, err := redirect.Differences(manifests(t.installed), manifests(same))
	if err != nil {
		return nil, err
	}
	if len(changes) > 0 {
		return nil, fmt.Errorf("with the current values, the chart does not render to the installed manifests: an upgrade would also change %s", changes[0])
	}
	if t.next, err = t.dryRun(ctx, chart.Merge(r.Config, r.Override)); err != nil {
		return nil, err
	}
	if err := redirect.Verify(manifests(same), manifests(t.next), r.Images); err != nil {
		return nil, err
	}
	return t, t.changes()
}

// Apply makes the upgrade and returns the new revision. With Options.Wait, a failed upgrade is
// rolled back. Helm can apply only the manifests of the trial.
func (t *Trial) Apply(ctx context.Context) (int, error) {
	upgrade := t.action(t.exact())
	upgrade.Wait, upgrade.Timeout = t.options.Wait, t.options.Timeout
	upgrade.MaxHistory = t.history()
	upgrade.Description = "Upgrade complete: images come from the mirror"
	opened, err := t.release.Chart.Open()
	if err != nil {
		return 0, err
	}
	kube.ManagedFieldsManager = "helm" // as in Helm's own program
	done, err := upgrade.RunWithContext(ctx, t.release.Name, opened, chart.Merge(t.release.Config, t.release.Override))
	switch {
	case err == nil:
		return done.Version, nil
	case t.options.Wait && t.store.wrote():
		if ctx.Err() != nil && t.options.RollingBack != nil {
			t.options.RollingBack(t.installed.Version)
		}
		return 0, t.rollBack(t.explained(ctx, err))
	default:
		return 0, err
	}
}

// explained returns a *NotReadyError with the pods that were not ready if an upgrade timed out.
func (t *Trial) explained(ctx context.Context, cause error) error {
	if !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return &NotReadyError{Timeout: t.options.Timeout, Pods: t.unready(ctx), Err: cause}
}

// rollBack reverts a failed upgrade to the revision of the trial. Helm's own rollback would use the
// newest revision that is marked as deployed before, and any client can have written that one.
func (t *Trial) rollBack(cause error) error {
	rollback := action.NewRollback(t.exact())
	rollback.Version, rollback.Wait, rollback.Timeout = t.installed.Version, true, t.options.Timeout
	rollback.MaxHistory = t.history()
	if err := rollback.Run(t.release.Name); err != nil {
		return fmt.Errorf("%w; the rollback to revision %d also failed: %w", cause, t.installed.Version, err)
	}
	return fmt.Errorf("%w; the release was rolled back to revision %d", cause, t.installed.Version)
}

// history returns the number of revisions to keep: all existing ones, and those of the upgrade
// and the rollback.
func (t *Trial) history() int { return max(helmHistory, t.store.count()+2) }

// current returns the deployed revision. It fails with a *StaleError if that is another revision
// than the one that was read.
func (r Upgrade) current(store *snapshot) (*release.Release, error) {
	now, err := store.releases().Deployed(r.Name)
	if err != nil {
		return nil, err
	}
	if now.Version != r.Revision {
		return nil, &StaleError{r.Revision, now.Version}
	}
	return now, nil
}

// dryRun returns the revision that an upgrade to some values would create.
func (t *Trial) dryRun(ctx context.Context, values map[string]any) (*release.Release, error) {
	upgrade := t.action(t.configuration(t.cluster.KubeClient))
	upgrade.DryRunOption = "server"
	opened, err := t.release.Chart.Open()
	if err != nil {
		return nil, err
	}
	done, err := upgrade.RunWithContext(ctx, t.release.Name, opened, chart.Merge(values, nil))
	if err == nil && done == nil {
		err = errors.New("helm returned no release")
	}
	return done, err
}

func (t *Trial) action(cluster *Configuration) *action.Upgrade {
	upgrade := action.NewUpgrade(cluster)
	upgrade.Namespace, upgrade.ResetValues = t.release.Namespace, true
	upgrade.SkipSchemaValidation = true // schemas can refer to files and servers
	return upgrade
}

// configuration returns Helm's connection to the cluster, with the snapshot as storage.
func (t *Trial) configuration(client kube.Interface) *Configuration {
	return &Configuration{
		RESTClientGetter: t.cluster.RESTClientGetter, Releases: t.store.releases(), KubeClient: client,
		Capabilities: t.cluster.Capabilities, Log: t.cluster.Log, HookOutputFunc: t.cluster.HookOutputFunc,
	}
}

// exact returns Helm's connection to the cluster that can apply only the manifests of the trial.
func (t *Trial) exact() *Configuration {
	tried := map[string]bool{t.installed.Manifest: true, t.next.Manifest: true}
	for _, hook := range t.hooks() {
		tried[hook.Manifest] = true
	}
	return t.configuration(exactClient{Interface: t.cluster.KubeClient, tried: tried})
}

// manifests returns the manifests of a revision with its hooks.
func manifests(r *release.Release) string {
	texts := []string{r.Manifest}
	for _, hook := range r.Hooks {
		texts = append(texts, hook.Manifest)
	}
	return strings.Join(texts, "\n---\n")
}
