package discover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// running adds the images of running pods, among them images that no other source knows.
func (f *finder) running(context.Context) {
	f.unread(Running, kkp.PartPods)
	f.pods(f.inst.Pods, master)
	for _, seed := range f.inst.Seeds {
		f.pods(seed.Pods, seed.Name)
	}
	f.nothing(Running, "no pods in KKP's namespaces")
	if !f.inst.Live {
		f.nothing(Running, noInstallation)
	}
}

// noInstallation is the note of sources that need a live installation.
const noInstallation = "no live installation"

func (f *finder) pods(pods []kkp.Pod, cluster string) {
	for _, pod := range pods {
		for _, reference := range pod.Images {
			ref, err := images.ParseRef(reference)
			if err != nil {
				f.Gap(Running, fmt.Sprintf("pod %s/%s on %s", pod.Namespace, pod.Name, images.ClusterName(cluster)), err)
				continue
			}
			f.found(ref, images.Reason{Source: Running, Component: pod.Workload, Cluster: cluster})
		}
	}
}

// found adds a reference that the installation uses; with IgnoreOverrides by its upstream name, if
// that is known.
func (f *finder) found(ref images.Ref, reason images.Reason) {
	f.foundImage(images.Image{Ref: ref, Reasons: []images.Reason{reason}})
}

// foundImage is found for an image with one reason.
func (f *finder) foundImage(img images.Image) {
	if f.opts.IgnoreOverrides {
		original := f.original(img.Ref)
		if original.IsZero() {
			f.Gap(img.Reasons[0].Source, img.Ref.String(), errors.New("the image is pulled from the mirror, and no setting gives its upstream name; "+
				"add the upstream name to spec.mirrorImages, or list the mirror's name with --ignore-repository-overrides=false"))
			return
		}
		img.Ref = original
	}
	f.Add(img)
}

// original returns the upstream name of a reference, and computes it once. It returns the zero Ref
// if the upstream name is unknown.
func (f *finder) original(ref images.Ref) images.Ref {
	original, ok := f.originals[ref]
	if !ok {
		original, _ = f.overrides.original(ref, f.known)
		f.originals[ref] = original
	}
	return original
}

// known returns the upstream references with a path and a version. Without any, it returns one
// reference for each registry that has the path.
func (f *finder) known(path, version string) []images.Ref {
	exact, byRegistry := map[images.Ref]bool{}, map[string]images.Ref{}
	consider := func(ref images.Ref) {
		if ref.Repository != path || f.overrides.onMirror(ref) {
			return
		}
		byRegistry[ref.Registry] = ref
		if ref.Version() == version {
			exact[ref] = true
		}
	}
	for _, img := range f.everything() {
		if ref, err := images.ParseRef(img.Reference); err == nil {
			consider(ref)
		}
	}
	for _, reference := range f.inst.Configuration.Spec.MirrorImages {
		if ref, err := images.ParseRef(reference); err == nil {
			consider(ref)
		}
	}
	if len(exact) > 0 {
		return slices.Collect(maps.Keys(exact))
	}
	return slices.Collect(maps.Values(byRegistry))
}

// everything returns all images of the release, and computes them once.
func (f *finder) everything() []catalog.NeededImage {
	if f.all == nil {
		f.all, _ = f.release.Images(catalog.Everything())
	}
	return f.all
}
