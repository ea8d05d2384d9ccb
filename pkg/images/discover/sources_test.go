package discover_test

import (
	"errors"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Each source that is asked adds something, or says why it does not: by a note, or by a gap.
func TestNoSourceIsSilent(t *testing.T) {
	addons := discover.AddonSource{Dir: fstest.MapFS{"rbac/a.yaml": {Data: []byte("{apiVersion: v1, kind: Pod, spec: {containers: [{image: alpine}]}}")}}}
	empty := discover.AddonSource{Dir: fstest.MapFS{"rbac/a.yaml": {Data: []byte("{apiVersion: v1, kind: ConfigMap}")}}}
	reader := &charts{bundled: []discover.Chart{chart("dex", "dex")}}
	forbidden := live(fromFiles(t, configuration, seed), "v2.31.0", "CE")
	for _, part := range []kkp.Part{kkp.PartReleases, kkp.PartPods, kkp.PartApps, kkp.PartAddons} {
		forbidden.Unread = append(forbidden.Unread, kkp.Unread{Part: part, Subject: "it", Err: errors.New("forbidden")})
	}
	for name, c := range map[string]struct {
		inst kkp.Installation
		opts discover.Options
	}{
		"files":          {fromFiles(t, configuration), discover.Options{Charts: reader, Addons: addons}},
		"files, all":     {fromFiles(t, configuration), discover.Options{Charts: reader, Addons: addons, All: true}},
		"live":           {live(fromFiles(t, configuration, seed), "v2.31.0", "CE"), discover.Options{Charts: reader, Addons: empty}},
		"live, all":      {live(fromFiles(t, configuration, seed), "v2.31.0", "CE"), discover.Options{Charts: reader, Addons: empty, All: true}},
		"upgrade":        {live(fromFiles(t, configuration, seed), "v2.30.6", "CE"), discover.Options{Charts: reader, Addons: empty}},
		"forbidden":      {forbidden, discover.Options{Charts: reader, Addons: empty}},
		"no network":     {fromFiles(t, configuration), discover.Options{Charts: &charts{gone: "*", bundleErr: errors.New("down")}, Addons: addons}},
		"no readers":     {fromFiles(t, configuration), discover.Options{}},
		"charts at hand": {fromFiles(t, configuration), discover.Options{Charts: &charts{local: []discover.Chart{chart("kubermatic-operator", "kubermatic-operator")}}}},
		"no application": {fromFiles(t, configuration+"  applications: {systemApplications: {disable: true}}"), discover.Options{Charts: reader}},
	} {
		t.Run(name, func(t *testing.T) {
			got := discover.Inventory(t.Context(), c.inst, open(t, "v2.31.0", catalog.CE), upstream(c.opts))
			var asked []string
			for _, from := range got.Sources {
				asked = append(asked, from.Source)
				gap := slices.ContainsFunc(got.Gaps, func(gap images.Gap) bool { return gap.Source == from.Source })
				if from.Images == 0 && from.Note == "" && !gap {
					t.Errorf("%s is silent", from.Source)
				}
				if from.Images > 0 && from.Note != "" {
					t.Errorf("%s adds %d images, and says %q", from.Source, from.Images, from.Note)
				}
			}
			if !slices.Equal(asked, discover.Sources()) {
				t.Errorf("the sources are %v", asked)
			}
		})
	}
}

func TestOnlyTheSourcesThatAreAsked(t *testing.T) {
	opts := upstream(discover.Options{Sources: []string{discover.Running, discover.Components}})
	got := discover.Inventory(t.Context(), fromFiles(t, configuration), open(t, "v2.31.0", catalog.CE), opts).Sources
	if len(got) != 2 || got[0].Source != discover.Components || got[0].Images == 0 || got[1] != (images.Contribution{Source: discover.Running, Note: "no live installation"}) {
		t.Errorf("%+v", got)
	}
}

// A part of an inventory has its own numbers.
func TestContributionsToAPart(t *testing.T) {
	whole := discover.Inventory(t.Context(), fromFiles(t, configuration), open(t, "v2.31.0", catalog.CE), upstream(discover.Options{Charts: &charts{}}))
	part := whole.Where(func(img images.Image) bool { return img.Kind == images.KindChart })
	for i, from := range part.Sources {
		if want := map[string]int{discover.Applications: 3}[from.Source]; from.Images != want {
			t.Errorf("%s adds %d, want %d", from.Source, from.Images, want)
		}
		if from.Source == discover.Components && whole.Sources[i].Images == 0 {
			t.Error("the whole has changed")
		}
	}
}
