package archive_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// blob writes content into an archive.
func blob(t *testing.T, a *archive.Archive, content []byte) v1.Descriptor {
	t.Helper()
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Write(digest, size, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	return v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digest, Size: size}
}

func TestALargeManifestInAnArchiveIsSaidToBeLarge(t *testing.T) {
	a := create(t, "oci:")
	if err := a.Tag(app().String(), blob(t, a, []byte(`{"layers":[]}`+strings.Repeat(" ", oci.Limit)))); err != nil {
		t.Fatal(err)
	}
	_, err := archive.Source(a, app()).Manifest(t.Context(), "v1")
	var refused *failure.RejectedError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "the manifest is larger than 4 MiB") {
		t.Errorf("got %v", err)
	}
}
