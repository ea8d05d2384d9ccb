package transfer

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// Docker Hub counts each GET for a manifest as a pull, and reports the pulls that remain with
// every answer, also to HEAD. So the images to copy are compared with the remaining pulls
// before the first of them is read: an image whose pulls do not suffice is not begun, or waits
// until the registry allows more, if the user allows the wait.

const (
	plenty = 10 // pulls for each image: a larger quota certainly suffices

	// While a copy waits for pulls, it asks with HEAD how many there are: this often in each
	// window, and not more often than the shortest wait.
	asksPerWindow = 60
	shortestWait  = 250 * time.Millisecond

	// Images are admitted concurrently while the pulls suffice for all of these, and one by
	// one at the end, so that no index is read in vain.
	together = 8
)

// pulls are the pull quotas of the source registries of a run.
type pulls struct {
	run   *run
	known chan struct{} // closed when all images are compared

	mu     sync.Mutex
	copies map[string]int    // number of images to copy, by registry
	quotas map[string]*quota // of registries whose pulls may not suffice; set before known is closed
}

func newPulls(r *run) *pulls {
	return &pulls{run: r, known: make(chan struct{}), copies: map[string]int{}, quotas: map[string]*quota{}}
}

// wants records that an image with a digest must be copied, unless no pull is needed for that.
func (p *pulls) wants(i *imageCopy, digest string) {
	if p.run.compare.Complete(digest) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.copies[i.Source.Location().Registry]++
}

// compared compares the images to copy with the quotas. It warns of each quota that certainly
// does not suffice.
func (p *pulls) compared() {
	defer close(p.known)
	p.mu.Lock()
	defer p.mu.Unlock()
	for registry, images := range p.copies {
		reported, ok := p.run.client.Quota(registry)
		if !ok || reported.Remaining >= plenty*images {
			continue
		}
		q := &quota{host: rewrite.HostName(registry), limit: reported.Limit, remaining: reported.Remaining, window: reported.Window, turn: semaphore.NewWeighted(together)}
		if longest := p.run.retry.LongestWait(); q.window <= longest {
			q.patience = longest
		}
		if least := images * p.least(); q.remaining < least {
			progress.OrNobody(p.run.opts.Observer).Warned(q.warning(images, least))
		}
		p.quotas[registry] = q
	}
}

// least returns the lowest number of pulls of an image: one for each platform.
func (p *pulls) least() int { return max(1, len(p.run.opts.Platforms)) }

// admit waits until all images are compared, and takes the pulls of an image from the quota of
// its registry. It returns an error if they do not suffice.
func (p *pulls) admit(ctx context.Context, i *imageCopy, digest string) error {
	registry := i.Source.Location().Registry
	if _, ok := p.run.client.Quota(registry); !ok || p.run.compare.Complete(digest) {
		return nil
	}
	select {
	case <-p.known:
	case <-ctx.Done():
		return ctx.Err()
	}
	q, ok := p.quotas[registry]
	if !ok {
		return nil
	}
	leave, err := q.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := p.take(ctx, q, i, len(p.run.compare.Unread(digest))); err != nil {
		return i.Source.Location().Wrap("", err)
	}
	root, err := i.Manifest(ctx, digest)
	if err != nil {
		return nil // the image is read next, and fails or is found elsewhere
	}
	var entries []string
	for _, entry := range root.Entries() {
		entries = append(entries, entry.Digest.String())
	}
	children := len(p.run.compare.Unread(entries...))
	if wanted := len(p.run.opts.Platforms); wanted > 0 {
		children = min(wanted, children)
	}
	return i.Source.Location().Wrap("", p.take(ctx, q, i, children))
}

// take takes pulls from a quota, all or none. It waits for them if the user allows the wait.
func (p *pulls) take(ctx context.Context, q *quota, i *imageCopy, pulls int) error {
	pause := max(shortestWait, q.window/asksPerWindow)
	for waited := time.Duration(0); !q.take(pulls); waited += pause {
		if waited+pause > q.patience || (q.limit > 0 && pulls > q.limit) {
			return q.refusal(pulls)
		}
		i.progress.Waiting(1, q.refusal(pulls), pause)
		if err := retry.Sleep(ctx, pause); err != nil {
			return err
		}
		if _, err := i.Source.Resolve(ctx, i.Plan.Source.Version()); err != nil {
			return err
		}
		if reported, ok := p.run.client.Quota(i.Source.Location().Registry); ok {
			q.set(reported.Remaining)
		}
	}
	return nil
}
