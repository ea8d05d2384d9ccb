package discover

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// configured adds the images in fields of the configuration and the Seeds.
func (f *finder) configured(context.Context) {
	spec := f.inst.Configuration.Spec
	for _, reference := range spec.MirrorImages {
		f.named(reference, "spec.mirrorImages", "")
	}
	f.container(spec.SeedController.BackupStoreContainer, "spec.seedController.backupStoreContainer")
	f.container(spec.SeedController.BackupDeleteContainer, "spec.seedController.backupDeleteContainer")
	for _, seed := range f.inst.Seeds {
		for _, dc := range seed.Datacenters {
			at := "spec.datacenters." + dc.Name
			if dc.PauseImage != "" {
				f.named(dc.PauseImage, at+".node.pauseImage", seed.Name)
			}
			for _, disk := range dc.DiskImages {
				f.named(disk, at+".spec.kubevirt.images", seed.Name)
			}
		}
	}
	for _, made := range f.overrides.made {
		if f.opts.IgnoreOverrides && made.custom() {
			f.customBuild(made)
		}
	}
	f.nothing(Configured, "no field names an image, such as spec.mirrorImages")
}

// container adds the image of a backup container, which is YAML in the configuration.
func (f *finder) container(text, field string) {
	if text == "" {
		return
	}
	var container corev1.Container
	err := yaml.Unmarshal([]byte(text), &container)
	if err == nil && container.Image == "" {
		err = fmt.Errorf("the container has no image")
	}
	if err != nil {
		f.Gap(Configured, field, err)
		return
	}
	f.named(container.Image, field, master)
}

// named adds the image of a field.
func (f *finder) named(reference, field, cluster string) {
	reason := images.Reason{Source: Configured, Component: field, Cluster: cluster}
	ref, err := images.ParseRef(reference)
	if err != nil {
		f.Gap(Configured, field, err)
		return
	}
	f.found(ref, reason)
}

// customBuild adds the image that replaces one of KKP's.
func (f *finder) customBuild(made override) {
	for _, img := range f.everything() {
		ref, err := images.ParseRef(img.Reference)
		if err != nil || !sameRepository(made.Repository, ref) {
			continue
		}
		actual, err := f.overrides.actual(ref, img, made.cluster)
		if err != nil {
			f.Gap(Configured, made.Field, err)
			return
		}
		f.Add(images.Image{
			Ref: actual, Upstream: images.UpstreamMissing,
			Reasons: []images.Reason{{Source: Configured, Component: made.Field, Cluster: made.cluster, Condition: "a build of your own"}},
		})
	}
}
