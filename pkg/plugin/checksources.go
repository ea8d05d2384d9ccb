package plugin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// Bounds of asking the registries from which images are copied. These are often unreachable.
const (
	sourceTime  = 5 * time.Second // for the first answer of a host; without that, it is not asked again
	sourcesTime = time.Minute     // for all answers
)

// sources asks the registries from which images are copied for digests: all hosts at the same time, and
// each for one image first. What they do not answer in time is not compared.
func (s *checkState) sources(ctx context.Context, refs []images.Ref) check.Sources {
	found := check.Sources{Digests: map[images.Ref]string{}, Silent: map[images.Ref]string{}}
	if !s.compareSources || len(refs) == 0 {
		return found
	}
	how := s.direct
	how.MaxWait = min(how.MaxWait, sourceTime)
	registries, err := newRegistriesWithin(s.registries.Limits(), how, s.streams.ErrOut)
	if err != nil {
		for _, ref := range refs {
			found.Silent[ref] = err.Error()
		}
		return found
	}
	defer registries.Close()
	addPullSecrets(registries, s.inst, s.streams.ErrOut)
	ctx, cancel := context.WithTimeout(ctx, sourcesTime)
	defer cancel()
	hosts := map[string][]images.Ref{}
	for _, ref := range refs {
		host := registries.Origin(ref).Registry
		hosts[host] = append(hosts[host], ref)
	}
	asking := sourceAsking{registries: registries, slots: make(chan struct{}, 4*s.registry.Jobs), found: found}
	var wait sync.WaitGroup
	for host, refs := range hosts {
		wait.Go(func() { asking.host(ctx, host, refs) })
	}
	wait.Wait()
	return found
}

// sourceAsking collects the answers of sources.
type sourceAsking struct {
	registries *transfer.Registries
	slots      chan struct{} // one for each request

	mu    sync.Mutex
	found check.Sources
}

// host asks one host for images.
func (a *sourceAsking) host(ctx context.Context, host string, refs []images.Ref) {
	first, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	class := a.one(first, refs[0])
	if first.Err() != nil && ctx.Err() == nil || class == images.ClassNetwork || class == images.ClassTLS {
		a.silent(host, refs)
		return
	}
	var wait sync.WaitGroup
	for _, ref := range refs[1:] {
		a.slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-a.slots }()
			a.one(ctx, ref)
		})
	}
	wait.Wait()
}

// one asks for the digest of an image, and returns the class of a failure.
func (a *sourceAsking) one(ctx context.Context, ref images.Ref) images.Class {
	digest, _, err := a.registries.Find(ctx, ref)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err == nil:
		a.found.Digests[ref] = digest
	case ctx.Err() != nil:
		a.found.Silent[ref] = fmt.Sprintf("no answer of %s in time", a.registries.Origin(ref).Registry)
	default:
		a.found.Silent[ref] = transfer.CauseOf(err)
	}
	return transfer.Classify(err)
}

// silent says that a host was not asked for images.
func (a *sourceAsking) silent(host string, refs []images.Ref) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ref := range refs {
		a.found.Silent[ref] = host + " cannot be reached from here"
	}
}
