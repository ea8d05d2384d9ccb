package rewrite_test

import (
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// longestRepository is the limit of references: github.com/distribution/reference.
const longestRepository = 255

// FuzzParse checks that a valid rule is formatted as it was parsed, and leads to references
// in its registry.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		m, err := rewrite.Parse(text)
		if err != nil {
			return
		}
		again, err := rewrite.Parse(m.String())
		if err != nil || again != m {
			t.Fatalf("%q: %+v became %+v, %v", text, m, again, err)
		}
		source := images.Ref{Registry: m.Host, Repository: "team/app", Tag: "v1"}
		if m.Host == "*" {
			source.Registry = "quay.io"
		}
		at, mapped := rewrite.Apply([]rewrite.Rule{m}, source)
		if !mapped || at.Registry != m.Registry {
			t.Fatalf("%q: %s is at %s", text, source, at)
		}
		if len(at.Repository) > longestRepository {
			return // the rule is valid, but this repository is too long for it
		}
		if _, err := images.ParseRef(at.String()); err != nil {
			t.Fatalf("%q: %s is at %s: %v", text, source, at, err)
		}
	})
}
