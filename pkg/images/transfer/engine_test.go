package transfer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// strict is a registry that mounts, resumes, and refuses incomplete manifests.
type strict struct {
	*registrytest.Registry
	server *servertest.Server
}

func newStrict(t *testing.T, opts registrytest.Options) strict {
	t.Helper()
	s := strict{registrytest.New(opts), &servertest.Server{}}
	srv := httptest.NewServer(s.server.Watch(s.Registry))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	_, s.server.Host, _ = strings.Cut(srv.URL, "://")
	return s
}

// fleet fills a registry, and returns the plan to copy all its images.
func fleet(t *testing.T, f registrytest.Fleet, from, to strict) images.Plan {
	t.Helper()
	refs, _, err := f.Add(from.Registry)
	if err != nil {
		t.Fatal(err)
	}
	return planOf(t, from.server, to.server, refs...)
}

func small(repositories int) registrytest.Fleet {
	return registrytest.Fleet{Repositories: repositories, Bases: 2, BaseSize: 300 << 10, OwnSize: 20 << 10}
}

// wantOnce fails the test unless every blob was downloaded exactly once.
func wantOnce(t *testing.T, stats registrytest.Stats) {
	t.Helper()
	for digest, n := range stats.Blobs {
		if n != 1 {
			t.Errorf("%s was fetched %d times", digest, n)
		}
	}
}

// wantCopies fails the test unless the target has all images of the plan.
func wantCopies(t *testing.T, plan images.Plan, from, to strict) {
	t.Helper()
	for _, c := range plan.Copies {
		want, _ := from.Tag(c.Source.Repository, c.Source.Tag)
		if got, ok := to.Tag(c.Target.Repository, c.Target.Tag); !ok || got != want {
			t.Errorf("%s is %s, want %s", c.Target, got, want)
		}
	}
}

func TestEachBlobOnce(t *testing.T) {
	tests := []struct {
		name   string
		target registrytest.Options
		mounts bool
	}{
		{"with mounts", registrytest.Options{}, true},
		{"without", registrytest.Options{NoMounts: true}, false},
		{"without mounts from the same repository", registrytest.Options{NoSelfMount: true}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, tt.target)
			plan := fleet(t, small(12), from, to)
			report := open(t, login()).Copy(t.Context(), plan, transfer.Options{Jobs: 4})
			wantAll(t, report, images.Copied)
			wantCopies(t, plan, from, to)
			pulled, pushed := from.Take(), to.Take()
			wantOnce(t, pulled)
			if unique := from.Blobs(); len(pulled.Blobs) != unique {
				t.Errorf("%d blobs were fetched, want %d", len(pulled.Blobs), unique)
			}
			if tt.mounts && (pushed.Mounts < 40 || len(pushed.Blobs) > 0 || pushed.BytesIn != pulled.BytesOut) {
				t.Errorf("%d mounts, %d blobs read back, %d bytes in, %d fetched", pushed.Mounts, len(pushed.Blobs), pushed.BytesIn, pulled.BytesOut)
			}
			var mounted int64
			for _, res := range report.Results {
				mounted += res.Mounted
			}
			if want := int64(40 * 300 << 10); tt.mounts && mounted != want {
				t.Errorf("%d bytes mounted, want %d", mounted, want)
			}
			t.Log(pulled.Requests, pulled.Kinds, pushed.Requests, pushed.Kinds)
		})
	}
}

func TestChangedImagesMountFromUnchangedOnes(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	f := small(10)
	plan := fleet(t, f, from, to)
	wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	f.Repositories, f.Changed = 12, 1 // two are new, one has changed
	plan = fleet(t, f, from, to)
	from.Take()
	report := open(t, login()).Copy(t.Context(), plan, transfer.Options{})
	if report.Count(images.Copied) != 3 || report.Count(images.Present) != 9 {
		t.Errorf("%d copied, %d present", report.Count(images.Copied), report.Count(images.Present))
	}
	wantCopies(t, plan, from, to)
	for digest, n := range from.Take().Blobs {
		if to.Has("mirror/team/app-005", digest) {
			t.Errorf("%s was there, and was fetched %d times", digest, n)
		}
	}
}

func TestManyTagsShareTheirManifests(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	f := small(2)
	f.Tags = 4
	plan := fleet(t, f, from, to)
	wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	wantCopies(t, plan, from, to)
	wantOnce(t, from.Take())
}

func TestOneSourceOfABlobIsEnough(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(4), from, to)
	from.server.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		gone := isBlobGet(r) && strings.Contains(r.URL.Path, "app-000")
		if gone {
			w.WriteHeader(http.StatusForbidden)
		}
		return gone
	})
	report := open(t, login()).Copy(t.Context(), plan, transfer.Options{})
	if report.Count(images.Copied) != 3 || report.Results[0].Class != images.ClassAuth {
		t.Errorf("%+v", report.Results)
	}
}

// TestStoppedAnywhere interrupts a run at ever later requests, and repeats it.
func TestStoppedAnywhere(t *testing.T) {
	for stop := 10; stop < 160; stop += 15 {
		t.Run(fmt.Sprint(stop), func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
			plan := fleet(t, small(8), from, to)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			left := stop
			to.server.Fail(stopAfter(to.server, &left, cancel))
			first := open(t, login()).Copy(ctx, plan, transfer.Options{Jobs: 2})
			arrived := map[string]bool{}
			for digest := range from.Take().Blobs {
				for i := range 8 {
					if to.Has(fmt.Sprintf("mirror/team/app-%03d", i), digest) {
						arrived[digest.String()] = true
					}
				}
			}
			second := open(t, login()).Copy(t.Context(), plan, transfer.Options{Jobs: 2})
			if first.Count(images.Failed)+second.Count(images.Failed)+second.Count(images.Skipped) > 0 {
				t.Errorf("%+v\n%+v", first, second)
			}
			wantCopies(t, plan, from, to)
			for digest, n := range from.Take().Blobs {
				if arrived[digest.String()] {
					t.Errorf("%s had arrived, and was fetched again %d times", digest, n)
				}
			}
		})
	}
}

// TestTheFakeIsARegistry reads the result of the engine with another client.
func TestTheFakeIsARegistry(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(1), from, to)
	wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	ref, err := name.ParseReference(plan.Copies[0].Target.String(), name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	wantChildren(t, index)
	raw, err := index.RawManifest()
	if err != nil || !bytes.Contains(raw, []byte("arm64")) {
		t.Errorf("%s, %v", raw, err)
	}
}

// stopAfter cancels after a number of requests.
func stopAfter(s *servertest.Server, left *int, cancel func()) func(http.ResponseWriter, *http.Request) bool {
	return func(http.ResponseWriter, *http.Request) bool {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		if *left--; *left == 0 {
			cancel()
		}
		return false
	}
}
