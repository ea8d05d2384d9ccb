package chart

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// Result is what a chart refers to.
type Result struct {
	Hits        []manifest.Hit
	Removed     []Override     // overrides that were taken out
	Unexplained []manifest.Hit // references on a registry of the overrides that no value explains
}

// Renderer renders charts, each with the same values for the same target once. It is safe
// for concurrent use.
type Renderer struct {
	// Workers do the job. Without them, charts are rendered in this process, where a template
	// that loops cannot be stopped.
	Workers *worker.Pool

	mu   sync.Mutex
	done map[string]*rendering
}

type rendering struct {
	once   sync.Once
	result Result
	err    error
}

// Render renders a chart with a user's values, without those that override where images
// come from unless they are to be kept. Next to an error there can be a result: what could
// be read.
func (r *Renderer) Render(ctx context.Context, c *Chart, values map[string]any, keepOverrides bool, target ReleaseOptions) (Result, error) {
	if !c.asksCluster {
		target.Kubernetes, target.APIs = "", nil
	}
	key, err := digest(c.digest, values, keepOverrides, target)
	if err != nil {
		return Result{}, err
	}
	r.mu.Lock()
	if r.done == nil {
		r.done = map[string]*rendering{}
	}
	known, ok := r.done[key]
	if !ok {
		known = &rendering{}
		r.done[key] = known
	}
	r.mu.Unlock()
	known.once.Do(func() {
		q := c.request(wantResult, values, target)
		q.KeepOverrides = keepOverrides
		var done Reply
		done, known.err = r.run(ctx, q)
		known.result = done.Result
	})
	return known.result, known.err
}

// Texts returns what the templates of a chart render to with exactly these values, by the
// names of the templates; notes and definitions are left out. It is done anew each time. Next
// to a MissingError, there is what the chart itself renders to.
func (r *Renderer) Texts(ctx context.Context, c *Chart, values map[string]any, target ReleaseOptions) (map[string]string, error) {
	done, err := r.run(ctx, c.request(wantTexts, values, target))
	return done.Texts, err
}

// run asks a worker, if there are any.
func (r *Renderer) run(ctx context.Context, q Request) (Reply, error) {
	reply, err := Job().Run(ctx, r.Workers, q)
	if err == nil && len(reply.Missing) > 0 {
		err = &MissingError{reply.Missing}
	}
	return reply, err
}

// renderUpstream renders with the overrides taken out, and checks that nothing is left on
// the registries that they named.
func renderUpstream(c *Chart, values map[string]any, keepOverrides bool, target ReleaseOptions) (Result, error) {
	if keepOverrides {
		hits, err := c.render(values, target)
		return Result{Hits: hits}, err
	}
	upstream, err := c.Upstream(values)
	if err != nil {
		return Result{}, err
	}
	result := Result{Removed: upstream.Removed}
	hits, err := c.render(upstream.Values, target)
	upstream.origins.byName = nil // the values have no overrides any more
	result.Hits, result.Unexplained = upstream.origins.apply(hits)
	return result, err
}

// digest identifies a rendering by everything that goes into it.
func digest(parts ...any) (string, error) {
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode(parts); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
