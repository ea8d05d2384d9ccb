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

// Result is the image references of a chart.
type Result struct {
	Hits        []manifest.Hit
	Removed     []Override     // removed overrides
	Unexplained []manifest.Hit // references on a registry of the overrides without a known original
}

// Renderer renders charts. Results are cached: a chart with the same values and options is
// rendered once. It is safe for concurrent use.
type Renderer struct {
	// Workers are the processes that render. If nil, charts are rendered in this process, which
	// cannot stop a template that loops.
	Workers *worker.Pool

	mu   sync.Mutex
	done map[string]*rendering
}

type rendering struct {
	once   sync.Once
	result Result
	err    error
}

// Render returns the image references of a chart with the user's values. Overrides are removed
// unless keepOverrides is set. With an error, the result has the references that could be read.
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

// Texts returns the rendered templates of a chart with exactly these values, by name, without
// NOTES.txt and CRDs. Results are not cached. With a *MissingError, the result has the templates of
// the chart itself.
func (r *Renderer) Texts(ctx context.Context, c *Chart, values map[string]any, target ReleaseOptions) (map[string]string, error) {
	done, err := r.run(ctx, c.request(wantTexts, values, target))
	return done.Texts, err
}

// run sends a request to a worker, or answers it in this process without workers.
func (r *Renderer) run(ctx context.Context, q Request) (Reply, error) {
	reply, err := Job().Run(ctx, r.Workers, q)
	if err == nil && len(reply.Missing) > 0 {
		err = &MissingError{reply.Missing}
	}
	return reply, err
}

// renderUpstream renders without overrides. References that are still on a registry of the
// overrides are unexplained.
func renderUpstream(c *Chart, values map[string]any, keepOverrides bool, target ReleaseOptions) (Result, error) {
	if keepOverrides {
		hits, err := c.render(values, target)
		return Result{Hits: hits}, err
	}
	upstream, err := c.Upstream(values)
	if err != nil {
		return Result{}, err
	}
	hits, err := c.render(upstream.Values, target)
	rendered := byPlace(hits)
	// Without the error of another rendering: the names then come from the values.
	names, _ := Names(upstream, rendered, func(values map[string]any) (map[place]string, error) {
		standard, err := c.render(values, target)
		return byPlace(standard), err
	})
	return upstream.result(hits, names), err
}

// digest returns the cache key of a rendering: a digest of all its inputs.
func digest(parts ...any) (string, error) {
	sum := sha256.New()
	if err := json.NewEncoder(sum).Encode(parts); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
