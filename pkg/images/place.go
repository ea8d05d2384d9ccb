package images

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// PrefixTemplate is the start of a second place with the prefix of the target twice. KKP applies
// overwriteRegistry also to some repositories that already have the prefix of the mirror
// (kubermatic pkg/resources/nodeportproxy and pkg/resources/registry, v2.31.0): in
// registry.example.com/kkp, "{prefix}/envoyproxy/envoy" is kkp/kkp/envoyproxy/envoy.
const PrefixTemplate = "{prefix}"

// CheckPlace returns an error for a second place that is not valid: valid are a repository below
// the prefix of the target, such as "kubermatic-mirror/helm-charts/kubevirt", and a repository that
// starts with PrefixTemplate.
func CheckPlace(place string) error {
	repository := strings.TrimPrefix(place, PrefixTemplate+"/")
	ref, err := ParseRef("registry.invalid/" + repository)
	if err != nil || ref.Repository != repository {
		return fmt.Errorf("%q is not a repository; write lower-case letters, digits and ._- between slashes, without a tag, after %s/ if the prefix of the target is repeated", place, PrefixTemplate)
	}
	return nil
}

// Places returns the target references of an image in a registry, each once: first its own, then
// the second places. An archive has one entry per image, which stores its second places.
func (t Target) Places(img Image) []Ref {
	places := []Ref{t.Ref(img.Ref)}
	if t.Archive != "" {
		return places
	}
	for _, also := range img.Also {
		at := img.Ref
		at.Repository = also
		if rest, ok := strings.CutPrefix(also, PrefixTemplate+"/"); ok {
			at.Repository = path.Join(t.Prefix, rest)
		}
		if place := t.Ref(at); !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	return places
}
