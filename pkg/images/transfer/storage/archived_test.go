package storage_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/storage"
)

// archive creates an archive in a directory.
func archive(t *testing.T) *layout.Archive {
	t.Helper()
	a, err := layout.Create(layout.DirScheme + filepath.Join(t.TempDir(), "layout"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// blob writes content into an archive.
func blob(t *testing.T, a *layout.Archive, content []byte) v1.Descriptor {
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
	a := archive(t)
	ref, err := images.ParseRef("quay.io/a/b:v1")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Tag(ref.String(), blob(t, a, []byte(`{"layers":[]}`+strings.Repeat(" ", oci.Limit)))); err != nil {
		t.Fatal(err)
	}
	_, err = storage.NewArchived(a, ref).Manifest(t.Context(), "v1")
	var refused *failure.RefusalError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "its manifest is larger than 4 MiB") {
		t.Errorf("got %v", err)
	}
}
