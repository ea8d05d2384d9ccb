package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// written has what an earlier version (49fb6a2) wrote: an image list, the same list with
// digests, and both kinds of archive of its images. One image has two platforms, a cosign
// signature and a referrer.
const written = "testdata/written-49fb6a2"

// TestWrittenBefore reads the lists and archives of an earlier version.
func TestWrittenBefore(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	lock := readLock(t)
	for _, archive := range []string{"oci:" + filepath.Join(written, "layout"), "oci-archive:" + filepath.Join(written, "archive.tar")} {
		kind, _, _ := strings.Cut(archive, ":")
		t.Run(kind, func(t *testing.T) {
			target := newRegistry(t) + "/mirror"
			runPlugin(t, "verify", archive, "--images", filepath.Join(written, "lock.json"))
			runPlugin(t, "sync", target, "--load-from", archive)
			runPlugin(t, "verify", target, "--images", filepath.Join(written, "lock.json"))
			for _, item := range lock.Items {
				wantDigest(t, target+"/"+item.Ref.Repository+":"+item.Ref.Tag, item.Digest)
			}
			tool := lock.Items[1]
			signature := strings.Replace(tool.Digest, ":", "-", 1) + ".sig"
			wantDigest(t, target+"/acme/tool:"+signature, "sha256:2828606e32a248cdee79f5de6a1db77633d852f31b03c76aae7679fe999b9869")
			wantReferrer(t, target+"/acme/tool@"+tool.Digest, "sha256:34aed58c662175a1ab08ff0dafbd7f1f9fb864fb9d222156c64d7b7cab7b2e1e")
		})
	}
	upstream := newRegistry(t) + "/upstream"
	runPlugin(t, "sync", upstream, "--load-from", "oci:"+filepath.Join(written, "layout"))
	for _, list := range []string{"images.json", "lock.json"} {
		t.Run(list, func(t *testing.T) {
			target := newRegistry(t) + "/mirror"
			runPlugin(t, "sync", target, "--images", filepath.Join(written, list), "--registry-map", "docker.io="+upstream+",ghcr.io="+upstream)
			for _, item := range lock.Items {
				wantDigest(t, target+"/"+item.Ref.Repository+":"+item.Ref.Tag, item.Digest)
			}
		})
	}
}

// newRegistry returns the host of an empty registry.
func newRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// runPlugin runs the plugin, which must succeed, and returns what it prints on stdout.
func runPlugin(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("kubectl-kkp_mirror", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

func readLock(t *testing.T) images.ImageList {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(written, "lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list images.ImageList
	if err := json.Unmarshal(data, &list); err != nil || len(list.Items) != 2 {
		t.Fatalf("lock.json has %d images: %v", len(list.Items), err)
	}
	return list
}

func wantDigest(t *testing.T, text, want string) {
	t.Helper()
	ref, err := name.ParseReference(text)
	if err != nil {
		t.Fatal(err)
	}
	desc, err := remote.Head(ref)
	if err != nil || desc.Digest.String() != want {
		t.Errorf("%s is %v (%v), want %s", text, desc, err, want)
	}
}

func wantReferrer(t *testing.T, subject, want string) {
	t.Helper()
	digest, err := name.NewDigest(subject)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Referrers(digest)
	if err != nil {
		t.Fatal(err)
	}
	list, err := index.IndexManifest()
	if err != nil || len(list.Manifests) != 1 || list.Manifests[0].Digest.String() != want {
		t.Errorf("%s has the referrers %+v (%v), want %s", subject, list, err, want)
	}
}
