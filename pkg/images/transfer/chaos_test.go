package transfer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"go.uber.org/goleak"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/seeded"
)

// copyEnv makes this test binary copy the plan in it, in a process that can be killed.
const copyEnv = "TRANSFER_TEST_COPY"

func TestMain(m *testing.M) {
	if plan := os.Getenv(copyEnv); plan != "" {
		os.Exit(copyPlan(plan))
	}
	goleak.VerifyTestMain(m)
}

// copyPlan copies a plan in the process that is killed.
func copyPlan(text string) int {
	var plan images.Plan
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	r := transfer.NewRegistries(transfer.Config{Retry: retry.Policy{Attempts: 8, First: 2 * time.Millisecond, Longest: time.Second}})
	report := r.Copy(context.Background(), plan, transfer.Options{Jobs: 4})
	for _, res := range report.Results {
		if res.Outcome == images.Failed {
			fmt.Fprintln(os.Stderr, res.Error)
		}
	}
	if report.Count(images.Copied)+report.Count(images.Present) < len(plan.Copies) {
		return 1
	}
	return 0
}

// fuse kills a process after a number of requests.
type fuse struct {
	left atomic.Int64
	kill atomic.Pointer[func()]
}

// light sets the process to kill, and the number of requests.
func (f *fuse) light(requests int64, kill func()) {
	f.kill.Store(&kill)
	f.left.Store(requests)
}

func (f *fuse) burn() {
	if f.left.Add(-1) == 0 {
		(*f.kill.Load())()
	}
}

// unreliable makes one request in twenty fail, in one of many ways.
func unreliable(f *fuse, random *rand.Rand, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.burn()
		if random.IntN(20) > 0 {
			next.ServeHTTP(w, r)
			return
		}
		switch random.IntN(5) {
		case 0:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			panic(http.ErrAbortHandler)
		case 3: // the answer is truncated after the request was served
			next.ServeHTTP(&shortWriter{ResponseWriter: w, left: random.Int64N(1000), cut: func() bool { return true }}, r)
		default: // the request is truncated
			r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, random.Int64N(1000)), failing{}))
			next.ServeHTTP(w, r)
			panic(http.ErrAbortHandler)
		}
	})
}

func newUnreliable(t *testing.T, f *fuse, random *rand.Rand) strict {
	t.Helper()
	s := newStrict(t, registrytest.Options{})
	srv := httptest.NewServer(unreliable(f, random, s.Registry))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	s.server.Host = strings.TrimPrefix(srv.URL, "http://")
	return s
}

// TestChaos kills copies between unreliable registries, and repeats them.
func TestChaos(t *testing.T) {
	lit, random := &fuse{}, seeded.New(t)
	from, to := newUnreliable(t, lit, random), newUnreliable(t, lit, random)
	f := registrytest.Fleet{Repositories: 30, Bases: 3, BaseSize: 700 << 10, OwnSize: 300 << 10}
	plan := fleet(t, f, from, to)
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	kills, tags := 0, 0
	for run := 0; run < 40; run++ {
		before := arrived(from, to, f.Repositories)
		requests := int64(0) // 0: never
		if kills < 10 {
			requests = 5 + random.Int64N(60)
		}
		killed, err := copyKilled(t, string(text), requests, lit)
		for digest := range from.Take().Blobs {
			if before[digest] {
				t.Errorf("run %d: %s had arrived, and was fetched again", run, digest)
			}
		}
		tags = max(tags, wantNoOther(t, plan, from, to))
		if killed {
			kills++
			continue
		}
		if err == nil {
			break
		}
		t.Logf("run %d: %v", run, err)
	}
	wantCopies(t, plan, from, to)
	t.Logf("%d kills, %d of %d images were there after the last", kills, tags, len(plan.Copies))
	if kills < 10 {
		t.Errorf("%d copies were killed, want 10", kills)
	}
}

// arrived returns the blobs that a repository of the target has.
func arrived(from, to strict, repositories int) map[v1.Hash]bool {
	there := map[v1.Hash]bool{}
	for _, digest := range from.Digests() {
		for i := range repositories {
			if to.Has(fmt.Sprintf("mirror/team/app-%03d", i), digest) {
				there[digest] = true
			}
		}
	}
	return there
}

// wantNoOther fails the test if a tag differs from the source, and returns the number of
// tags. The registry accepts no incomplete image.
func wantNoOther(t *testing.T, plan images.Plan, from, to strict) int {
	t.Helper()
	count := 0
	for _, c := range plan.Copies {
		want, _ := from.Tag(c.Source.Repository, c.Source.Tag)
		got, ok := to.Tag(c.Target.Repository, c.Target.Tag)
		if ok && got != want {
			t.Errorf("%s is %s, want %s", c.Target, got, want)
		}
		if ok {
			count++
		}
	}
	return count
}

// copyKilled runs a copy in a process of its own, and kills the process after a number of
// requests.
func copyKilled(t *testing.T, plan string, requests int64, lit *fuse) (killed bool, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), copyEnv+"="+plan)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lit.light(requests, func() { _ = cmd.Process.Kill() })
	err = cmd.Wait()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return cmd.ProcessState.ExitCode() == -1, err
}
