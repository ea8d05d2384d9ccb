package transfer_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// An image is copied, and then verified. A second copy finds nothing to do.
func ExampleRegistries_Copy() {
	content := registrytest.New(registrytest.Options{})
	if _, err := content.AddImage("kubermatic/util", "2.9.0", map[string][]registrytest.Layer{"amd64": nil, "arm64": nil}); err != nil {
		fmt.Println(err)
		return
	}
	from, to := httptest.NewServer(content), httptest.NewServer(registrytest.New(registrytest.Options{}))
	defer from.Close()
	defer to.Close()
	plan := images.Plan{Copies: []images.Copy{{
		Source: images.Ref{Registry: strings.TrimPrefix(from.URL, "http://"), Repository: "kubermatic/util", Tag: "2.9.0"},
		Target: images.Ref{Registry: strings.TrimPrefix(to.URL, "http://"), Repository: "kkp/kubermatic/util", Tag: "2.9.0"},
	}}}

	registries := transfer.NewRegistries(transfer.Config{})
	defer registries.Close()
	for range 2 {
		report := registries.Copy(context.Background(), plan, transfer.Options{})
		fmt.Println(report.Count(images.Copied), "copied,", report.Count(images.Present), "present")
	}
	for _, check := range registries.Verify(context.Background(), plan, transfer.Options{}, true).Checks {
		fmt.Println(check.Target.Repository, check.Finding)
	}
	// Output:
	// 1 copied, 0 present
	// 0 copied, 1 present
	// kkp/kubermatic/util verified
}
