// Package pace limits the rate of requests to each host. It begins with a documented budget
// for well-known hosts and with no limit for others, and learns the limit of a host from its
// answers. All requests of a process to a host share one limit. The package must not know
// requests, nor registries.
package pace

import (
	"context"
	"maps"
	"sync"
	"time"
)

// Budget is the rate at which requests to a host begin.
type Budget struct {
	PerSecond float64 // requests
	Burst     int     // requests at once, after a pause
	Most      float64 // requests per second that are never exceeded; 0: no bound
}

// WellKnown returns the budgets of well-known hosts. They are below the limits that the
// operators name: quay.io "a few requests per second per IP", with bursts (article 6218921
// of Red Hat's customer portal); registry.k8s.io about 5,000 requests per minute per IP,
// with bans of up to an hour.
func WellKnown() map[string]Budget {
	return map[string]Budget{
		"quay.io":         {PerSecond: 5, Burst: 50},
		"registry.k8s.io": {PerSecond: 40, Burst: 80, Most: 75},
	}
}

// Share returns the budgets of each of a number of processes that send requests from one address. Hosts
// limit addresses: together, the processes begin near the budgets. The number is at least 1.
func Share(budgets map[string]Budget, processes int) map[string]Budget {
	parts := map[string]Budget{}
	for host, b := range budgets {
		b.PerSecond /= float64(processes)
		b.Burst = max(1, b.Burst/processes)
		b.Most /= float64(processes)
		parts[host] = b
	}
	return parts
}

// Hosts are the limits of all hosts. They are safe for concurrent use.
type Hosts struct {
	budgets map[string]Budget

	mu    sync.Mutex
	hosts map[string]*host
}

// New returns the limits with the budgets of some hosts (host[:port]).
func New(budgets map[string]Budget) *Hosts {
	return &Hosts{budgets: maps.Clone(budgets), hosts: map[string]*host{}}
}

func (h *Hosts) host(name string) *host {
	h.mu.Lock()
	defer h.mu.Unlock()
	found, ok := h.hosts[name]
	if !ok {
		found = newHost(h.budgets[name], time.Now())
		h.hosts[name] = found
	}
	return found
}

// Request is one request to a host.
type Request struct {
	host *host
	sent time.Time
	held bool // the request has waited for the limit
}

// Start waits until a request may be sent, in the order of the calls. It returns the error
// of the context if that ends earlier.
func (h *Hosts) Start(ctx context.Context, name string) (Request, error) {
	at := h.host(name)
	if r, ok := at.free(time.Now()); ok {
		return r, nil
	}
	select {
	case at.turn <- struct{}{}:
		defer func() { <-at.turn }()
	case <-ctx.Done():
		return Request{}, ctx.Err()
	}
	for {
		now := time.Now()
		wait := at.take(now)
		if wait == 0 {
			return Request{host: at, sent: now, held: true}, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return Request{}, ctx.Err()
		}
	}
}

// Accepted records that the host has served the request.
func (r Request) Accepted() { r.host.accepted(r, time.Now()) }

// Refused records that the host asks for fewer requests, and for none before a time, which
// may be zero.
func (r Request) Refused(until time.Time) { r.host.refused(r, until, time.Now()) }

// Delayed records that the host serves no requests before a time, for another reason than
// their rate.
func (r Request) Delayed(until time.Time) { r.host.delay(until) }
