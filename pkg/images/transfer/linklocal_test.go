package transfer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
)

// TestLinkLocalCharts checks that settings of an object in the cluster do not allow
// link-local addresses.
func TestLinkLocalCharts(t *testing.T) {
	ref := images.Ref{Registry: "169.254.169.254:80", Repository: "charts/web", Tag: "1.0.0"}
	for name, asked := range map[string]registry.Access{
		"nothing": {}, "plain HTTP": {PlainHTTP: true}, "any TLS": {Insecure: true}, "a password": {Username: "u", Password: "p"},
	} {
		r := registry.New(registry.Config{})
		t.Cleanup(r.Close)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := fetch.NewReader(r).Chart(ctx, ref, asked); err == nil || !strings.Contains(err.Error(), "link-local") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
