package pace_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/pace"
)

// bucket is the limit of a simulated server: a token bucket.
type bucket struct {
	rate, burst float64
	after       time.Duration // Retry-After of a refusal; 0: none

	mu              sync.Mutex
	tokens          float64
	filled          time.Time
	served, refused int
}

// ask takes a token.
func (b *bucket) ask() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.tokens, b.filled = min(b.burst, b.tokens+b.rate*now.Sub(b.filled).Seconds()), now
	if b.tokens < 1 {
		b.refused++
		return false
	}
	b.tokens--
	b.served++
	return true
}

// request sends one request, and repeats it until it is served.
func (b *bucket) request(ctx context.Context, hosts *pace.Hosts) error {
	for {
		r, err := hosts.Start(ctx, "quay.io")
		if err != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
		ok := b.ask()
		time.Sleep(10 * time.Millisecond)
		if ok {
			r.Accepted()
			return nil
		}
		var until time.Time
		if b.after > 0 {
			until = time.Now().Add(b.after)
		}
		r.Refused(until)
		time.Sleep(max(b.after, 500*time.Millisecond))
	}
}

// TestLimitsAreLearned sends requests to servers with different limits. They must take
// little longer than the limit of the server allows, and few of them may be refused.
func TestLimitsAreLearned(t *testing.T) {
	for name, tt := range map[string]struct {
		budget pace.Budget
		server *bucket
	}{
		"near the budget":              {pace.Budget{PerSecond: 5, Burst: 30}, &bucket{rate: 6, burst: 30}},
		"twice the budget":             {pace.Budget{PerSecond: 5, Burst: 30}, &bucket{rate: 10, burst: 40}},
		"five times":                   {pace.Budget{PerSecond: 5, Burst: 30}, &bucket{rate: 25, burst: 100}},
		"five times, with Retry-After": {pace.Budget{PerSecond: 5, Burst: 30}, &bucket{rate: 25, burst: 100, after: time.Second}},
		"ten times":                    {pace.Budget{PerSecond: 5, Burst: 30}, &bucket{rate: 50, burst: 100}},
		"no budget":                    {pace.Budget{}, &bucket{rate: 25, burst: 100}},
		"no budget, with Retry-After":  {pace.Budget{}, &bucket{rate: 25, burst: 100, after: time.Second}},
		"half the budget":              {pace.Budget{PerSecond: 20, Burst: 30}, &bucket{rate: 10, burst: 30}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const requests, concurrent = 4000, 32
				hosts, server := pace.New(map[string]pace.Budget{"quay.io": tt.budget}), tt.server
				server.tokens, server.filled = server.burst, time.Now()
				began := time.Now()
				work := make(chan struct{}, requests)
				for range requests {
					work <- struct{}{}
				}
				close(work)
				var group sync.WaitGroup
				for range concurrent {
					group.Go(func() {
						for range work {
							if err := server.request(t.Context(), hosts); err != nil {
								t.Error(err)
							}
						}
					})
				}
				group.Wait()
				allowed := (requests - server.burst) / server.rate
				ratio, refused := time.Since(began).Seconds()/allowed, 100*float64(server.refused)/requests
				t.Logf("%.2f times the limit, %.2f %% refused", ratio, refused)
				if ratio > 1.1 || refused > 1 {
					t.Errorf("%.2f times the limit, want 1.1; %.2f %% refused, want 1", ratio, refused)
				}
			})
		})
	}
}

func TestTheBoundOfAHostIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := pace.New(map[string]pace.Budget{"registry.k8s.io": {PerSecond: 40, Burst: 80, Most: 75}})
		began := time.Now()
		for range 80 + 75*60 {
			r, err := hosts.Start(t.Context(), "registry.k8s.io")
			if err != nil {
				t.Fatal(err)
			}
			r.Accepted()
		}
		if took := time.Since(began); took < time.Minute {
			t.Errorf("%s for one minute's requests", took)
		}
	})
}

// TestProcessesShareTheBoundOfAHost has three processes on one address send one minute's requests.
func TestProcessesShareTheBoundOfAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const processes = 3
		whole := pace.WellKnown()["registry.k8s.io"]
		requests := whole.Burst + int(whole.Most)*60
		began := time.Now()
		var group sync.WaitGroup
		for range processes {
			hosts := pace.New(pace.Share(pace.WellKnown(), processes))
			group.Go(func() {
				for range requests / processes {
					r, err := hosts.Start(t.Context(), "registry.k8s.io")
					if err != nil {
						t.Error(err)
						return
					}
					r.Accepted()
				}
			})
		}
		group.Wait()
		if took := time.Since(began); took < time.Minute {
			t.Errorf("%s for one minute's requests", took)
		}
	})
}

// TestManyProcessesMakeProgress has more processes than a host accepts requests at once.
func TestManyProcessesMakeProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts := pace.New(pace.Share(pace.WellKnown(), 64))
		for range 3 {
			if _, err := hosts.Start(t.Context(), "quay.io"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestHostsAreQuietAfterRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts, began := pace.New(nil), time.Now()
		r, err := hosts.Start(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		r.Refused(began.Add(time.Minute))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := hosts.Start(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if _, err := hosts.Start(t.Context(), "b"); err != nil || time.Since(began) != time.Second {
			t.Errorf("another host waited for %s, %v", time.Since(began), err)
		}
		if _, err := hosts.Start(t.Context(), "a"); err != nil || time.Since(began) < time.Minute {
			t.Errorf("waited for %s, %v", time.Since(began), err)
		}
	})
}

func TestHostsWithoutALimitDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts, began := pace.New(pace.WellKnown()), time.Now()
		for range 10_000 {
			r, err := hosts.Start(t.Context(), "registry.example.com")
			if err != nil {
				t.Fatal(err)
			}
			r.Accepted()
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("waited for %s", took)
		}
	})
}
