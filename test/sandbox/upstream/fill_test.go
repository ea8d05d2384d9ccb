package upstream_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/upstream"
)

const digest = "sha256:426f98fdc8a2c7d7a879eb0da57131e6eec4d239881448f23946216fe801b614"

// standIn is the digest of the stand-in for d3fk/s3cmd, which the sample's backup containers name.
const standIn = "sha256:7f2c64b485cacff5772b317c0a1684c7cc63397e0a7eb02289f63505f6897b34"

const list = `# a comment

alpine:3.20
docker.io/library/alpine:3.20
docker.io/library/busybox
quay.io/kubermatic/addons:v2.31.0
d3fk/s3cmd@` + digest + `
d3fk/s3cmd@` + standIn + `
quay.io/cilium/certgen:v0.1.8@` + digest + `
`

func TestFill(t *testing.T) {
	running, err := registry.Plain(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	references, err := upstream.ReadReferences(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	result, err := upstream.Fill(t.Context(), running.Root, nil, references)
	if err != nil {
		t.Fatal(err)
	}

	if result.Stored != 5 {
		t.Errorf("%d images stored", result.Stored)
	}
	want := []string{"docker.io/d3fk/s3cmd@" + digest, "quay.io/cilium/certgen:v0.1.8@" + digest}
	if !slices.Equal(result.Unservable, want) {
		t.Errorf("unservable %v, want %v", result.Unservable, want)
	}
	for _, index := range []string{"docker.io/library/alpine:3.20", "docker.io/library/busybox:latest", "docker.io/d3fk/s3cmd@" + standIn, "quay.io/cilium/certgen:v0.1.8"} {
		got, err := remote.Index(parse(t, running.Host, index))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(got); err != nil {
			t.Errorf("%s: %v", index, err)
		}
	}
	image, err := remote.Image(parse(t, running.Host, "quay.io/kubermatic/addons:v2.31.0"))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(image); err != nil {
		t.Error(err)
	}
}

func TestReadReferencesNamesTheBadLine(t *testing.T) {
	_, err := upstream.ReadReferences(strings.NewReader("alpine\nNot a reference\n"))
	if err == nil || !strings.Contains(err.Error(), "Not a reference") {
		t.Errorf("error %v", err)
	}
}

func parse(t *testing.T, host, ref string) name.Reference {
	t.Helper()
	parsed, err := name.ParseReference(host + "/" + ref)
	if err != nil {
		t.Fatal(err)
	}

	return parsed
}
