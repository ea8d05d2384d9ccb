package transfer_test

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

func TestPlatformsThatCannotBe(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	pinned := from.Put(t, "app:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	tests := []struct {
		ref       string
		platforms []string
		class     images.Class
		text      string
	}{
		{"app:v1@" + pinned, []string{"linux/amd64"}, images.ClassPolicy, "leaving out platforms would change the digest"},
		{"app@" + pinned, []string{"linux/amd64"}, images.ClassPolicy, "leaving out platforms would change the digest"},
		{"app:v1", []string{"windows/amd64"}, images.ClassNotFound, "does not exist for windows/amd64; its platforms: linux/amd64, linux/arm64"},
	}
	for _, tt := range tests {
		got := open(t, login()).Copy(t.Context(), planOf(t, from, to, tt.ref), transfer.Options{Platforms: platforms(t, tt.platforms...)}).Results[0]
		if got.Class != tt.class || !strings.Contains(got.Error, tt.text) || got.Remedy == got.Class.Remedy() {
			t.Errorf("%s: %q, %q, %q", tt.ref, got.Class, got.Error, got.Remedy)
		}
	}
	all := transfer.Options{Platforms: platforms(t, "linux/amd64", "linux/arm64")}
	got := open(t, login()).Copy(t.Context(), planOf(t, from, to, "app@"+pinned), all).Results[0]
	if got.Outcome != images.Copied || got.Digest != pinned {
		t.Errorf("all of its platforms: %+v", got)
	}
}

func platforms(t *testing.T, names ...string) []v1.Platform {
	t.Helper()
	var list []v1.Platform
	for _, s := range names {
		p, err := v1.ParsePlatform(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, *p)
	}
	return list
}
