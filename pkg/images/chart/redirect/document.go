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

// List is what redirects several releases, as a document.
type List struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Target     string       `json:"target"`
	Items      []Item       `json:"items"`
	Gaps       []images.Gap `json:"gaps,omitempty"` // releases that nothing is known of
}

// Item is a release in a List.
type Item struct {
	Release   string                    `json:"release"`
	Namespace string                    `json:"namespace"`
	Cluster   string                    `json:"cluster"` // "master", or the name of the Seed
	Revision  int                       `json:"revision"`
	Chart     string                    `json:"chart"`
	Version   string                    `json:"version"`
	Values    map[string]any            `json:"values"`          // to be laid over the release's own
	Keys      []string                  `json:"keys"`            // that are set in them
	Lists     []string                  `json:"lists,omitempty"` // that are written out whole
	Images    []ImageReference          `json:"images"`
	Derived   []manifestdiff.Difference `json:"derived,omitempty"` // what changes beside references
}

// NewList makes a list of items. What changes beside references is shown without credentials;
// the values have to be used, and are whole.
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

// masked are changes without the credentials in what changes.
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
