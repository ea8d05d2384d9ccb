// Package upgrade upgrades Helm releases by Helm's own means, to values that redirect their
// images. What Helm stores with a release is not trusted, because whoever may write Secrets
// could have written it: an upgrade is tried on the API server first, and may change nothing
// in the cluster but references of objects that belong to the release, unless the user names
// the object. What is applied then is what was tried, to the letter. It must not know how a
// cluster is found.
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

// Cluster is where a release is.
type Cluster struct {
	*Configuration
	DryRun  kube.Interface                          // the same API, where every change is a dry run
	History func(context.Context) ([]Stored, error) // all revisions of the release

	// NotReady returns the pods of a namespace that a label selector selects and that are
	// not ready, the newest first. It may be nil.
	NotReady func(ctx context.Context, namespace, selector string) ([]Pod, error)
}

// Options say how a release is upgraded.
type Options struct {
	Wait    bool // until the workloads are ready, and roll back if they are not
	Timeout time.Duration

	// RollingBack is called when an upgrade was interrupted, before it is rolled back to a
	// revision; nil: nobody is told.
	RollingBack func(revision int)
}

// Upgrade is a release to upgrade.
type Upgrade struct {
	Name      string
	Namespace string
	Revision  int // that was read, and that the values were found for
	Chart     *chart.Chart
	Config    map[string]any // the user's values
	Override  map[string]any // over them
	Images    []redirect.ImageReference
}

// StaleError says that a release is no longer what was read.
type StaleError struct {
	Read, Now int // revisions
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("revision %d was read, and revision %d is deployed now; run the command again", e.Read, e.Now)
}

// Trial is an upgrade that was tried.
type Trial struct {
	Changes []ObjectChange // what it does to the cluster
	Waits   []string       // the objects that it waits for

	release   Upgrade
	cluster   Cluster
	store     *snapshot
	installed *release.Release
	next      *release.Release
	options   Options
}

// Try tries an upgrade without doing it: with the values as they are it has to give what is
// installed, and with the new ones nothing else but redirected images. Then the API server
// tries what would become of each object.
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
		return nil, fmt.Errorf("the chart with the values as they are does not give what is installed: an upgrade would change %s", changes[0])
	}
	if t.next, err = t.dryRun(ctx, chart.Merge(r.Config, r.Override)); err != nil {
		return nil, err
	}
	if err := redirect.Verify(manifests(same), manifests(t.next), r.Images); err != nil {
		return nil, err
	}
	return t, t.changes()
}

// Apply makes the upgrade, and returns the new revision. One that fails is rolled back, if it
// is waited for. Helm can apply nothing but what was tried.
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

// explained says of an upgrade that was not ready in time which pods are to blame.
func (t *Trial) explained(ctx context.Context, cause error) error {
	if !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return &NotReadyError{Timeout: t.options.Timeout, Pods: t.unready(ctx), Err: cause}
}

// rollBack undoes an upgrade that failed. Helm's own way to do so takes the newest revision
// that says that it was installed, whoever wrote it; this one takes the one that was tried.
func (t *Trial) rollBack(cause error) error {
	rollback := action.NewRollback(t.exact())
	rollback.Version, rollback.Wait, rollback.Timeout = t.installed.Version, true, t.options.Timeout
	rollback.MaxHistory = t.history()
	if err := rollback.Run(t.release.Name); err != nil {
		return fmt.Errorf("%w; rolling it back to revision %d failed, too: %w", cause, t.installed.Version, err)
	}
	return fmt.Errorf("%w; it was rolled back to revision %d", cause, t.installed.Version)
}

// history is how many revisions to keep: no fewer than there are, with those that an upgrade
// and its rollback make.
func (t *Trial) history() int { return max(helmHistory, t.store.count()+2) }

// current returns the deployed revision, which must be the one that was read.
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

// dryRun has the API server check an upgrade to some values, and returns what it would give.
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
	upgrade.SkipSchemaValidation = true // schemas may refer to files and servers
	return upgrade
}

// configuration is Helm's way to the cluster, with the releases as they were read.
func (t *Trial) configuration(client kube.Interface) *Configuration {
	return &Configuration{
		RESTClientGetter: t.cluster.RESTClientGetter, Releases: t.store.releases(), KubeClient: client,
		Capabilities: t.cluster.Capabilities, Log: t.cluster.Log, HookOutputFunc: t.cluster.HookOutputFunc,
	}
}

// exact is Helm's way to the cluster, on which only what was tried can be applied.
func (t *Trial) exact() *Configuration {
	tried := map[string]bool{t.installed.Manifest: true, t.next.Manifest: true}
	for _, hook := range t.hooks() {
		tried[hook.Manifest] = true
	}
	return t.configuration(exactClient{Interface: t.cluster.KubeClient, tried: tried})
}

// manifests are what a revision installs, with its hooks.
func manifests(r *release.Release) string {
	texts := []string{r.Manifest}
	for _, hook := range r.Hooks {
		texts = append(texts, hook.Manifest)
	}
	return strings.Join(texts, "\n---\n")
}
