package plugin

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/infile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// openFiles reads an installation from the files that will be patched.
func (o patchOptions) openFiles() (opened, error) {
	files, err := infile.Read(o.installation.Files, o.installation.Recursive, o.streams.In)
	if err != nil {
		return opened{}, err
	}
	registries, err := newRegistries(o.registry, o.streams.ErrOut)
	if err != nil {
		return opened{}, err
	}
	inst, err := kkp.FromObjects(withConfiguration(files.Objects()))
	if err != nil {
		return opened{}, err
	}
	release, err := o.installation.open(registries, inst)
	return opened{inst: inst, release: release, registries: registries, files: files}, err
}

// withConfiguration adds an empty KubermaticConfiguration to Seeds that come without one.
func withConfiguration(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	is := func(kind string) func(*unstructured.Unstructured) bool {
		return func(object *unstructured.Unstructured) bool { return object.GetKind() == kind }
	}
	seed := slices.IndexFunc(objects, is(patch.KindSeed))
	if seed < 0 || slices.ContainsFunc(objects, is(patch.KindConfiguration)) {
		return objects
	}
	empty := &unstructured.Unstructured{Object: map[string]any{}}
	empty.SetGroupVersionKind(objects[seed].GroupVersionKind().GroupVersion().WithKind(patch.KindConfiguration))
	empty.SetName("none")
	empty.SetNamespace(objects[seed].GetNamespace())
	return append(slices.Clone(objects), empty)
}

// printFiles sets fields in files, checks the mirror, and prints the files. profiles are the new or
// changed profiles among the files, each in a line.
func (o patchOptions) printFiles(ctx context.Context, files *infile.Files, objects []patch.Object, profiles []string, proof proof) error {
	changed, missing, err := files.Set(objects)
	if err != nil {
		return err
	}
	for _, object := range missing {
		o.say("warning: no file has the %s %s; set there: %s", object.Kind, object.Name, strings.Join(values(object.Edits), ", "))
	}
	if !o.change.SkipVerify && o.change.DryRun != option.DryRunClient && proof != nil {
		if err := proof(ctx); err != nil {
			return err
		}
	}
	if err := files.Write(o.streams.Out); err != nil {
		return err
	}
	if len(profiles) > 0 {
		o.say("%s new or changed:\n  %s", display.Count(len(profiles), "profile"), strings.Join(profiles, "\n  "))
	}
	if len(changed)+len(profiles) == 0 {
		o.say("nothing to do: %s", o.nothing())
	}
	if len(changed) == 0 {
		return nil
	}
	o.say("%s set:\n  %s", display.Count(len(changed), "field"), strings.Join(changed, "\n  "))
	return nil
}

// values are edits in words.
func values(edits []apply.Edit) []string {
	var texts []string
	for _, edit := range edits {
		text, _ := edit.Value.(string)
		texts = append(texts, edit.Path.String()+": "+text)
	}
	return texts
}

// runInFiles prints files with the fields of the configuration and of Seeds set. Which fields
// the release has is known from the catalog.
func (o patchConfigOptions) runInFiles(ctx context.Context) error {
	f, err := o.openFiles()
	if err != nil {
		return err
	}
	plan, pullSecret, err := o.plan(ctx, f)
	if err != nil {
		return err
	}
	seedsOnly := f.files.Get(patch.KindConfiguration, f.inst.Configuration.Name) == nil
	if seedsOnly {
		o.say("note: no file has a KubermaticConfiguration; only the Seeds are patched")
		plan = plan.SeedsOnly()
	}
	objects, lacking := patch.KnownTo(f.release, plan.Objects)
	o.tellOmitted(plan)
	for _, note := range patch.UpcomingNotes(lacking) {
		o.say("note: %s", note)
	}
	if lacking = slices.DeleteFunc(lacking, patch.Upcoming); len(lacking) > 0 {
		o.say("Not set: KKP %s does not have these fields: %s", f.release.Version(), strings.Join(pathNames(lacking), ", "))
	}
	if len(f.inst.Seeds) == 0 {
		o.say("note: no file has a Seed; the repositories of the node port proxy are set there, when patch-config is given the Seeds, too")
	}
	return o.printFiles(ctx, f.files, objects, nil, func(ctx context.Context) error {
		n, err := o.needed(ctx, f)
		if err != nil {
			return err
		}
		coverage := plan.Cover(n.checked, f.inst, f.release)
		if err := o.tellCoverage(coverage); err != nil {
			return err
		}
		if err := o.checkFiles(ctx, f, needs{coverage.Redirected, plan.Cover(n.live, f.inst, f.release).Redirected}); err != nil || seedsOnly {
			return err
		}
		if plan.Rewrites() {
			o.warnOfNodes(ctx, f, nil, coverage.Redirected, f.release.Version())
		}
		return o.checkPullers(ctx, f, o.pullers(ctx, f, pullSecret, plan, coverage.Redirected))
	})
}

// checkFiles checks that the mirror has what an installation from files will pull.
func (o patchOptions) checkFiles(ctx context.Context, f opened, n needs) error {
	if err := o.beyond(n, n.live); err != nil {
		return err
	}
	return checkInventory(ctx, f.registries, o.target, n.checked, o.registry)
}

// warnOfNodes asks the mirror as the nodes of user clusters will if nobody prepares them, and
// prints what is missing. This is no error: the nodes do not exist yet. insecure are the
// registries that their datacenters get with the change.
func (o patchOptions) warnOfNodes(ctx context.Context, f opened, insecure []string, needed images.Inventory, version string) {
	m := pullers.Mirror{Host: o.target.Registry, NodesTrust: o.change.NodesTrust}
	refusals, err := o.refusals(ctx, f, []pullers.Puller{pullers.FutureNodes(insecure, m, needed, version)})
	if err != nil {
		o.say("warning: whether nodes can pull from the mirror is not known: %v", err)
	}
	for _, refusal := range refusals {
		o.say("warning: %s", refusal)
	}
}
