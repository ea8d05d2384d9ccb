package repository_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// TestNondistributableLayersThatAreMissed uses the answers of distribution.
func TestNondistributableLayersThatAreMissed(t *testing.T) {
	hash := func(c string) v1.Hash { return v1.Hash{Algorithm: "sha256", Hex: strings.Repeat(c, 64)} }
	digest := func(c string) string { return hash(c).String() }
	raw, err := json.Marshal(v1.Manifest{
		Config: v1.Descriptor{MediaType: types.DockerConfigJSON, Digest: hash("c")},
		Layers: []v1.Descriptor{{MediaType: types.DockerForeignLayer, Digest: hash("a")}, {MediaType: types.DockerLayer, Digest: hash("b")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	unknown := func(detail string) string {
		return fmt.Sprintf(`{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{}},{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry","detail":%s}]}`, detail)
	}
	for _, tt := range []struct {
		name, body string
		refused    bool
	}{
		{"a layer that may not be distributed", unknown(`"` + digest("a") + `"`), true},
		{"another layer, as its storage fails", unknown(`"` + digest("b") + `"`), false},
		{"none that is named", unknown(`{"Digest":"` + digest("a") + `"}`), false},
		{"anything", `it is on fire`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			open := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = io.WriteString(w, tt.body)
			}))
			_, got := open("app").PutManifest(t.Context(), "v1", oci.Manifest{Raw: raw}, func(int64) {})
			var refusal *failure.RejectedError
			if errors.As(got, &refusal) != tt.refused || failure.IsTransient(got) == tt.refused {
				t.Errorf("%v: refused %t, want %t", got, !tt.refused, tt.refused)
			}
			if tt.refused && !strings.Contains(got.Error(), digest("a")) {
				t.Errorf("%v does not name the layer", got)
			}
		})
	}
}
