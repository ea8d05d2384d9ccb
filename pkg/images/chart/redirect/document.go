package redirect

import (
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/mask"
)

// KindValuesList is the kind of a List.
const KindValuesList = "HelmValuesList"

// List is the document with the values that redirect several releases.
type List struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Target     string       `json:"target"`
	Items      []Item       `json:"items"`
	Gaps       []images.Gap `json:"gaps,omitempty"` // releases without a result
}

// Item is a release in a List.
type Item struct {
	Release   string                    `json:"release"`
	Namespace string                    `json:"namespace"`
	Cluster   string                    `json:"cluster"` // "master", or the name of the Seed
	Revision  int                       `json:"revision"`
	Chart     string                    `json:"chart"`
	Version   string                    `json:"version"`
	Values    map[string]any            `json:"values"`          // to merge into the user's values
	Keys      []string                  `json:"keys"`            // keys of the values
	Lists     []string                  `json:"lists,omitempty"` // keys of lists, which the values replace as a whole
	Images    []ImageReference          `json:"images"`
	Derived   []manifestdiff.Difference `json:"derived,omitempty"` // changes of other text than references
}

// NewList returns a list of items. Credentials are masked in Derived, but not in Values, which
// are for use with Helm.
func NewList(target images.Target, items []Item, gaps []images.Gap) List {
	items = slices.Clone(items)
	for i := range items {
		items[i].Derived = masked(items[i].Derived)
	}
	if items == nil {
		items = []Item{}
	}
	return List{APIVersion: images.APIVersion, Kind: KindValuesList, Target: target.String(), Items: items, Gaps: gaps}
}

// masked returns differences with masked credentials.
func masked(changes []manifestdiff.Difference) []manifestdiff.Difference {
	changes = slices.Clone(changes)
	for i, change := range changes {
		changes[i].Before, changes[i].After = mask.Text(change.Before), mask.Text(change.After)
		if strings.HasPrefix(change.Object, "Secret ") {
			changes[i].Before, changes[i].After = mask.Hidden, mask.Hidden
		}
	}
	return changes
}
