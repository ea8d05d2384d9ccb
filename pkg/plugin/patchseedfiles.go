package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
)

// runInFiles prints files with the settings of datacenters, and with the rewritten profiles.
func (o patchSeedOptions) runInFiles(ctx context.Context) error {
	f, err := o.openFiles()
	if err != nil {
		return err
	}
	for i := range f.inst.Seeds {
		f.inst.Seeds[i].Profiles = slices.DeleteFunc(slices.Clone(f.inst.Profiles), func(p kkp.Profile) bool { return p.Kind != kkp.KindCustomProfile })
	}
	chosen, err := o.datacenters(f)
	if err != nil {
		return err
	}
	plan, n, err := o.plan(ctx, f)
	if err != nil {
		return err
	}
	var objects []patch.Object
	for _, datacenters := range patch.BySeed(chosen) {
		objects = append(objects, o.edits(f.files.Get(patch.KindSeed, datacenters[0].Seed.Name), datacenters, plan))
	}
	var made []madeProfiles
	var changed []string
	if o.remakes() {
		if made, changed, err = o.remakeInFiles(ctx, f, chosen); err != nil {
			return err
		}
		objects = withFields(objects, made)
		if o.nodeFiles.replace {
			objects = append(objects, switchedOff(f.inst.Configuration.Name))
		}
	}
	err = o.printFiles(ctx, f.files, objects, changed, func(ctx context.Context) error { return o.proveFiles(ctx, f, n, made) })
	return cmp.Or(err, n.partial())
}

// proveFiles checks that the mirrors have what nodes will need.
func (o patchSeedOptions) proveFiles(ctx context.Context, f opened, n needs, made []madeProfiles) error {
	if err := o.checkNodeFiles(ctx, made); err != nil || !o.mirrored() {
		return err
	}
	if err := o.checkFiles(ctx, f, needs{n.checked, pullers.OnNodes(n.live)}); err != nil {
		return err
	}
	o.warnOfNodes(ctx, f, o.insecure(), n.checked, f.release.Version())
	return nil
}

// withFields adds the fields that name the profiles to the edits of their Seeds.
func withFields(objects []patch.Object, made []madeProfiles) []patch.Object {
	for i, object := range objects {
		for _, m := range made {
			if object.Kind == patch.KindSeed && object.Name == m.seed.Name {
				objects[i].Edits = append(objects[i].Edits, m.fields()...)
			}
		}
	}
	return objects
}

// remakeInFiles rewrites the profiles that are given, and adds the new ones to the files. changed
// are the new or changed ones, each in a line.
func (o patchSeedOptions) remakeInFiles(ctx context.Context, f opened, chosen []patch.SeedDatacenter) (made []madeProfiles, changed []string, err error) {
	if err := o.checkNames(f.inst); err != nil {
		return nil, nil, err
	}
	if made, err = o.remakeIn(ctx, f.inst, chosen, f.release); err != nil {
		return nil, nil, err
	}
	var all []seedProfile
	for _, m := range made {
		if all, err = m.collect(all); err != nil {
			return nil, nil, err
		}
	}
	for _, p := range all {
		seeds := "for the clusters of: Seed " + strings.Join(p.seeds, ", Seed ")
		isNew, err := f.files.Put(p.object, seeds)
		if err != nil {
			return nil, nil, err
		}
		if isNew {
			changed = append(changed, apply.Name(p.object)+" "+seeds)
		}
	}
	return made, changed, nil
}

// seedProfile is a profile to write, and the Seeds whose clusters get it.
type seedProfile struct {
	object *unstructured.Unstructured
	seeds  []string
}

// collect adds the profiles of a Seed. Equal ones of other Seeds are one object. The error names
// profiles that differ, because files cannot tell whose they are.
func (m madeProfiles) collect(all []seedProfile) ([]seedProfile, error) {
	edits, err := m.objects()
	if err != nil {
		return nil, err
	}
	for _, edit := range edits {
		object := &unstructured.Unstructured{Object: map[string]any{}}
		object.SetGroupVersionKind(kkp.CustomProfileResource().GroupVersion().WithKind(edit.Kind))
		object.SetName(edit.Name)
		object.SetNamespace(m.seed.Namespace)
		for _, field := range edit.Edits {
			if err := unstructured.SetNestedField(object.Object, field.Value, field.Path...); err != nil {
				return nil, err
			}
		}
		i := slices.IndexFunc(all, func(p seedProfile) bool {
			return p.object.GetName() == edit.Name && p.object.GetNamespace() == m.seed.Namespace
		})
		switch {
		case i < 0:
			all = append(all, seedProfile{object, []string{m.seed.Name}})
		case profileVersion(all[i].object) != profileVersion(object):
			return nil, fmt.Errorf("the profile %s of Seed %s differs from that of Seed %s: patch the datacenters of each Seed in a run of its own, with --seed", edit.Name, m.seed.Name, all[i].seeds[0])
		default:
			all[i].seeds = append(all[i].seeds, m.seed.Name)
		}
	}
	return all, nil
}

func profileVersion(object *unstructured.Unstructured) string {
	version, _, _ := unstructured.NestedString(object.Object, "spec", "version") // of a rewritten profile
	return version
}
