package fetch_test

import (
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
)

// TestWithheldCredentialsAreNoMove requests a chart from a registry that requires a
// password: once without credentials, which may mean that the chart is gone, and once with
// credentials that are withheld.
func TestWithheldCredentialsAreNoMove(t *testing.T) {
	chart := images.Ref{Registry: "charts.example.com", Repository: "charts/web", Tag: "1.0.0"}
	for name, test := range map[string]struct {
		plain    []string
		how      registry.Access
		withheld bool
	}{
		"none":     {[]string{chart.Registry}, registry.Access{}, false},
		"withheld": {nil, registry.Access{PlainHTTP: true, Username: "o", Password: "p"}, true},
	} {
		looked := false
		r := registry.New(registry.Config{PlainHTTP: test.plain, Moves: func(images.Ref) []images.Move {
			looked = true
			return nil
		}})
		t.Cleanup(r.Close)
		_, err := fetch.NewReader(r).Chart(t.Context(), chart, test.how)
		if err == nil || looked == test.withheld || strings.Contains(err.Error(), "no credentials were sent") != test.withheld {
			t.Errorf("%s: looked elsewhere: %t; %v", name, looked, err)
		}
	}
}
