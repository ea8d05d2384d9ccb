package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

const someDigest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// once is a policy without retries.
func once() retry.Policy { return retry.Policy{Attempts: 1, First: time.Millisecond} }

// serve runs a server, and returns its host.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://")
}

// askAll sends one request of every kind to a registry, and returns the errors.
func askAll(t *testing.T, r *registry.Client, host string) map[string]error {
	t.Helper()
	at, err := r.Source(images.Ref{Registry: host, Repository: "team/app", Tag: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := v1.NewHash(someDigest)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answers := map[string]error{}
	for what, send := range map[string]func(context.Context, *repository.Session) error{
		"manifests": func(ctx context.Context, s *repository.Session) error { _, err := s.Manifest(ctx, "v1"); return err },
		"referrers": func(ctx context.Context, s *repository.Session) error {
			_, err := s.Referrers(ctx, someDigest)
			return err
		},
		"blobs": func(ctx context.Context, s *repository.Session) error {
			body, err := s.Blob(ctx, v1.Descriptor{Digest: hash, Size: 100})
			if err == nil {
				_, err = io.Copy(io.Discard, body)
				body.Close()
			}
			return err
		},
	} {
		answers[what] = at.Wrap("", at.With(ctx, send))
	}
	return answers
}

// TestRegistriesThatStandStill checks that every kind of answer is canceled if it does not
// start or does not continue.
func TestRegistriesThatStandStill(t *testing.T) {
	for _, part := range []string{"/v2/", "/token", "/manifests/", "/referrers/", "/blobs/"} {
		for _, begins := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s begins %t", part, begins), func(t *testing.T) {
				t.Parallel()
				host := serve(t, func(w http.ResponseWriter, r *http.Request) {
					switch {
					case strings.HasSuffix(r.URL.Path, part) || (part != "/v2/" && strings.Contains(r.URL.Path, part)):
						if begins {
							w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
							fmt.Fprint(w, `{"schemaVersion":2,`)
							_ = http.NewResponseController(w).Flush()
						}
						<-r.Context().Done()
					case r.URL.Path == "/token":
						fmt.Fprint(w, `{"token":"t"}`)
					case r.Header.Get("Authorization") == "":
						w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="s"`)
						w.WriteHeader(http.StatusUnauthorized)
					default:
						w.WriteHeader(http.StatusNotFound)
					}
				})
				r := registry.New(registry.Config{Retry: once(), Answer: 50 * time.Millisecond, IdleTimeout: 50 * time.Millisecond})
				t.Cleanup(r.Close)
				begun := time.Now()
				stood := 0
				for _, err := range askAll(t, r, host) {
					if failure.Classify(err) == images.ClassNetwork && failure.IsTransient(err) {
						stood++
					}
				}
				// For /v2/, the headers are sufficient.
				if took := time.Since(begun); (stood == 0 && part != "/v2/") || took > 5*time.Second {
					t.Errorf("%d answers stood still, which took %s", stood, took)
				}
			})
		}
	}
}

// TestRegistriesThatDoNotEnd checks that every kind of answer is canceled if it is too
// large.
func TestRegistriesThatDoNotEnd(t *testing.T) {
	for _, part := range []string{"/token", "/manifests/", "/referrers/", "/blobs/"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			host := serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.Contains(r.URL.Path, part):
					w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
					for r.Context().Err() == nil {
						if _, err := io.WriteString(w, strings.Repeat(" ", 1<<16)); err != nil {
							return
						}
					}
				case r.URL.Path == "/token":
					fmt.Fprint(w, `{"token":"t"}`)
				case r.Header.Get("Authorization") == "":
					w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="s"`)
					w.WriteHeader(http.StatusUnauthorized)
				default:
					w.WriteHeader(http.StatusNotFound)
				}
			})
			r := registry.New(registry.Config{Retry: once()})
			t.Cleanup(r.Close)
			tooLarge := 0
			for what, err := range askAll(t, r, host) {
				if failure.IsTransient(err) {
					t.Errorf("%s would be tried again: %v", what, err)
				}
				if err != nil && !failure.IsNotFound(err) {
					tooLarge++
				}
			}
			if tooLarge == 0 {
				t.Error("nothing was too large")
			}
		})
	}
}

// TestChartRepositoriesThatStandStill checks the same for the client of other servers.
func TestChartRepositoriesThatStandStill(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "entries:")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	r := registry.New(registry.Config{IdleTimeout: 50 * time.Millisecond})
	t.Cleanup(r.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/index.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := r.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var stalled *safehttp.IdleTimeoutError
	if _, err := io.ReadAll(resp.Body); !errors.As(err, &stalled) {
		t.Error(err)
	}
}
