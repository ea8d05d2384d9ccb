package discover

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
)

// addonsField is the setting of the addons image.
const addonsField = "spec.userCluster.addons.dockerRepository"

// addonsAdvice is the advice of a gap for addons that cannot be read.
const addonsAdvice = "read the addons from elsewhere with --addons-path or --addons-image, or leave them out with --source and the other sources (flags of 'images', 'sync' and 'verify'; patch commands read the list with --images)"

// addonFiles returns the templates of all addons by path, and the place they were read from. ok is
// false if they could not be read.
func (f *finder) addonFiles(ctx context.Context) (files map[string][]byte, where string, ok bool) {
	var refused map[string]error
	var err error
	if dir := f.opts.Addons.Dir; dir != nil {
		where = "the directory of --addons-path"
		files, refused, err = addon.Read(dir)
		if err != nil {
			f.Gap(Addons, where, err)
		}
	} else if where, files, refused, ok = f.addonsImage(ctx); !ok {
		return nil, "", false
	}
	for _, path := range slices.Sorted(maps.Keys(refused)) {
		name, _, _ := strings.Cut(path, "/")
		f.Gap(Addons, "addon "+name+", file "+path, refused[path])
	}
	return files, where, err == nil
}

// addonsImage reads the addons image of the installation, and adds the image to the inventory. If
// the image is a copy of KKP's addons image and cannot be read, KKP's image is read instead.
func (f *finder) addonsImage(ctx context.Context) (where string, files map[string][]byte, refused map[string]error, ok bool) {
	actual, original, err := f.addonsRefs()
	if err != nil {
		f.Gap(Addons, "addons image", err)
		return "", nil, nil, false
	}
	read := func(ref images.Ref) (err error) {
		files, refused, err = f.opts.Addons.Images.Files(ctx, ref, "addons", addon.Wanted)
		return err
	}
	failure := read(actual)
	switch own := f.ownAddons(actual, original); {
	case failure == nil:
		f.addAddonsImage(actual, original, own)
		return actual.String(), files, refused, true
	case actual == original || f.opts.Addons.Image != "" || read(original) != nil:
		f.Gap(Addons, "addons image "+actual.String(), fmt.Errorf("%w; %s", failure, addonsAdvice))
		return "", nil, nil, false
	case own:
		f.Gap(Addons, "addons image "+actual.String(), fmt.Errorf("%w; the addons of %s are listed instead; %s", failure, original, addonsAdvice))
	default:
		f.Note(fmt.Sprintf("the addons are read from %s, because their copy cannot be read: %v", original, failure))
	}
	f.addAddonsImage(original, original, false)
	return original.String(), files, refused, true
}

// addonsRefs returns the addons image of the installation, and KKP's addons image.
func (f *finder) addonsRefs() (actual, original images.Ref, err error) {
	repository := "quay.io/kubermatic/addons"
	component := ""
	for _, setting := range f.release.Settings() {
		if setting.Field == addonsField && len(setting.Components) > 0 {
			repository, component = setting.Repository, setting.Components[0]
		}
	}
	original, err = images.ParseRef(repository + ":" + f.release.Version())
	if err != nil {
		return actual, original, err
	}
	if f.opts.Addons.Image != "" {
		actual, err = images.ParseRef(f.opts.Addons.Image)
		return actual, original, err
	}
	actual, err = f.overrides.actual(original, catalog.NeededImage{Component: component}, "")
	return actual, original, err
}

// ownAddons reports whether an addons image is another image than KKP's, not a copy of it.
func (f *finder) ownAddons(actual, original images.Ref) bool {
	return actual.Version() != original.Version() || actual.Repository[strings.LastIndex(actual.Repository, "/")+1:] != "addons" ||
		f.opts.Addons.Image != "" && actual != original
}

// addAddonsImage adds the addons image to the inventory: a copy of KKP's image by its upstream or
// actual name, as the options say, and any other image by its actual name.
func (f *finder) addAddonsImage(actual, original images.Ref, own bool) {
	img := images.Image{Ref: actual, Reasons: []images.Reason{{Source: Addons, Component: "addons image"}}}
	switch {
	case own:
		img.Upstream = images.UpstreamMissing
	case f.opts.IgnoreOverrides:
		img.Ref = original
	}
	f.Add(img)
}
