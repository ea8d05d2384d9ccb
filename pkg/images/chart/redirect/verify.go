package redirect

import (
	"fmt"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
)

// Differences compares the manifests of two revisions.
func Differences(before, after string) ([]manifestdiff.Difference, error) {
	old, fresh, err := decodeBoth(before, after)
	if err != nil {
		return nil, err
	}
	return manifestdiff.Differences(old.Objects, fresh.Objects), nil
}

// Verify returns an error unless exactly the redirected references differ between the manifests of
// two revisions.
func Verify(before, after string, found []ImageReference) error {
	old, fresh, err := decodeBoth(before, after)
	if err != nil {
		return err
	}
	var expected []manifestdiff.Expectation
	for _, p := range old.Places {
		hit := old.Hits[p]
		n := manifestdiff.Expectation{At: p, Base: hit.Reference, Want: hit.Reference}
		i := slices.IndexFunc(found, func(image ImageReference) bool {
			return image.Object == hit.Object && image.Path == hit.Path && image.Reference == hit.Reference
		})
		if i < 0 {
			return fmt.Errorf("%s, %s is %s, which is new since the values were found", hit.Object, hit.Path, hit.Reference)
		}
		if found[i].State == Redirected {
			n.Want = wanted(hit.Reference, *found[i].Target)
		}
		expected = append(expected, n)
	}
	p := manifestdiff.Prove(old, fresh, expected, nil)
	switch {
	case p.Wrong != nil:
		return fmt.Errorf("%s would become %s", p.Wrong.Base, fresh.Hits[p.Wrong.At].Reference)
	case p.Foreign != nil:
		return fmt.Errorf("%s would change, which is not an image", p.Foreign)
	}
	for _, n := range expected {
		if !p.Right[n.At] {
			return fmt.Errorf("%s would not become %s", n.Base, n.Want)
		}
	}
	return nil
}

func decodeBoth(before, after string) (old, fresh manifestdiff.Rendering, err error) {
	if old, err = (&manifestdiff.Decoder{}).Decode(map[string]string{"": before}); err != nil {
		return old, fresh, err
	}
	fresh, err = (&manifestdiff.Decoder{}).Decode(map[string]string{"": after})
	return old, fresh, err
}
