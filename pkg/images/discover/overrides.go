package discover

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

// override is a repository setting of the installation.
type override struct {
	catalog.Setting
	cluster    string // Seed of the setting, "" for all
	repository string // "" if only the tag is set
	tag        string
	suffix     string
}

// overrides are all repository settings of an installation.
type overrides struct {
	made     []override
	rewrite  images.Target // userCluster.overwriteRegistry
	rewrites bool
}

// findOverrides returns the repository settings of the configuration and the Seeds.
func (f *finder) findOverrides() overrides {
	var found overrides
	for _, setting := range f.release.Settings() {
		if setting.Object != "Seed" {
			found.read(setting, "", f.inst.Configuration.Field)
			continue
		}
		for _, seed := range f.inst.Seeds {
			found.read(setting, seed.Name, seed.Field)
		}
	}
	registry := f.inst.Configuration.Spec.UserCluster.OverwriteRegistry
	if registry == "" {
		return found
	}
	target, err := images.ParseTarget(registry)
	if err != nil {
		f.Gap(Components, "spec.userCluster.overwriteRegistry", err)
		return found
	}
	found.rewrite, found.rewrites = target, true
	return found
}

// read adds a setting if the object has it.
func (o *overrides) read(setting catalog.Setting, cluster string, field func(string) string) {
	made := override{
		Setting: setting, cluster: cluster,
		repository: field(setting.Field), tag: field(setting.TagField), suffix: field(setting.SuffixField),
	}
	if made.repository == setting.Repository {
		made.repository = ""
	}
	if made.repository != "" || made.tag != "" || made.suffix != "" {
		o.made = append(o.made, made)
	}
}

// of returns the setting for an image of a component on a cluster.
func (o overrides) of(ref images.Ref, component, cluster string) (override, bool) {
	i := slices.IndexFunc(o.made, func(made override) bool {
		return (made.cluster == "" || made.cluster == cluster) && slices.Contains(made.Components, component) &&
			sameRepository(made.Repository, ref)
	})
	if i < 0 {
		return override{}, false
	}
	return o.made[i], true
}

// sameRepository reports whether a repository, as KKP writes it, is the repository of a reference.
func sameRepository(repository string, ref images.Ref) bool {
	other, err := images.ParseRef(repository)
	return err == nil && other.Name() == ref.Name()
}

// upstream returns the reference without registry settings. A tag setting counts, as it does for
// mirror-images, unless the setting is for another image.
func (o overrides) upstream(ref images.Ref, component, cluster string) images.Ref {
	if made, ok := o.of(ref, component, cluster); ok && made.tag != "" && !made.custom() {
		ref.Tag = made.tag
	}
	return ref
}

// actual returns the reference that the installation pulls.
func (o overrides) actual(ref images.Ref, img catalog.NeededImage, cluster string) (images.Ref, error) {
	made, ok := o.of(ref, img.Component, cluster)
	rewritten := img.OverwriteRegistry
	if ok && made.repository != "" {
		other, err := images.ParseRef(made.repository)
		if err != nil {
			return ref, fmt.Errorf("%s: %w", made.Field, err)
		}
		ref.Registry, ref.Repository = other.Registry, other.Repository
		rewritten = made.OverwriteRegistry
	}
	switch {
	case ok && made.tag != "":
		ref.Tag = made.tag
	case ok && made.suffix != "":
		ref.Tag += "-" + made.suffix
	}
	if o.rewrites && rewritten {
		ref = o.rewrite.Ref(ref)
	}
	return ref, nil
}

// original returns the upstream name of a reference that the installation pulls. ok is false if the
// reference is on a registry of the overrides, but no override explains it.
func (o overrides) original(ref images.Ref, known func(path, version string) []images.Ref) (original images.Ref, ok bool) {
	for _, made := range o.made {
		if made.repository != "" && sameRepository(made.repository, ref) {
			return made.undo(ref)
		}
	}
	repository := ref.Repository
	if o.rewrites && ref.Registry == o.rewrite.Registry {
		repository = strings.TrimPrefix(repository, o.rewrite.Prefix+"/")
	}
	if !o.onMirror(ref) {
		return ref, true
	}
	candidates := known(repository, ref.Version())
	if len(candidates) != 1 {
		return images.Ref{}, false
	}
	original = candidates[0]
	original.Tag, original.Digest = ref.Tag, ref.Digest
	return original, true
}

// undo reverses the setting in a reference.
func (made override) undo(ref images.Ref) (images.Ref, bool) {
	original, err := images.ParseRef(made.Repository)
	if err != nil {
		return images.Ref{}, false
	}
	original.Tag, original.Digest = strings.TrimSuffix(ref.Tag, "-"+made.suffix), ref.Digest
	return original, true
}

// onMirror reports whether a reference is on a registry of the overrides.
func (o overrides) onMirror(ref images.Ref) bool {
	if o.rewrites && ref.Registry == o.rewrite.Registry {
		return true
	}
	return slices.ContainsFunc(o.made, func(made override) bool {
		other, err := images.ParseRef(made.repository)
		return err == nil && other.Registry == ref.Registry && other.Registry != registryOf(made.Repository)
	})
}

func registryOf(repository string) string {
	ref, err := images.ParseRef(repository)
	if err != nil {
		return ""
	}
	return ref.Registry
}

// custom reports whether a setting names another image, not a copy: the last element of its
// repository differs.
func (made override) custom() bool {
	return made.repository != "" && path.Base(made.repository) != path.Base(made.Repository)
}

// notes returns a note for each ignored setting.
func (o overrides) notes() []string {
	var fields []string
	var notes []string
	for _, made := range o.made {
		if made.repository != "" {
			fields = append(fields, made.Field)
		}
		if made.suffix != "" && made.Field != addonsField { // the source addons adds this image
			notes = append(notes, fmt.Sprintf("%s is %q: builds of your own with that suffix are not listed; --ignore-repository-overrides=false lists them",
				made.SuffixField, made.suffix))
		}
	}
	if o.rewrites {
		fields = append(fields, "spec.userCluster.overwriteRegistry")
	}
	if len(fields) > 0 {
		slices.Sort(fields)
		notes = append(notes, fmt.Sprintf("the list has upstream names, regardless of %s; --ignore-repository-overrides=false lists the names that the installation pulls",
			some(slices.Compact(fields))))
	}
	return notes
}

// namedFields is the number of fields that a note names. patch-config sets more than a dozen.
const namedFields = 3

// some joins names of fields as in a sentence: all, if they are few, or else the first with their number.
func some(names []string) string {
	switch {
	case len(names) == 1:
		return names[0]
	case len(names) > namedFields:
		return fmt.Sprintf("%d fields, such as %s", len(names), names[0])
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
