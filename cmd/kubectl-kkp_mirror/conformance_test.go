package main

import (
	"context"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// TestDockerRegistry runs the conformance suite of registries and archives against Debian's
// docker-registry 2.8: it has no referrers API, and older rules for uploads.
func TestDockerRegistry(t *testing.T) {
	storagetest.CheckWithoutReferrers(t, emptyRepository(t, harness.DockerRegistry(t)), "v1")
}

// emptyRepository is one of a registry that speaks plain HTTP and lets everyone in.
func emptyRepository(t *testing.T, host string) *registry.Storage {
	t.Helper()
	client := registry.New(registry.Config{})
	t.Cleanup(client.Close)
	to, err := client.NewRun(unlimited{}).Target(images.Ref{Registry: host, Repository: "conformance/app", Tag: "v1"}, unwatched{})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// unlimited lets every request through.
type unlimited struct{}

func (unlimited) Request(_ context.Context, _ string, send func() error) error { return send() }
func (unlimited) Succeeded(string)                                             {}
func (unlimited) SlowDown(string, time.Time)                                   {}

// unwatched is a progress that nobody looks at.
type unwatched struct{}

func (unwatched) Start()                            {}
func (unwatched) Sent(int64)                        {}
func (unwatched) Waiting(int, error, time.Duration) {}
