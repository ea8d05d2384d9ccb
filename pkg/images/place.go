package images

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// PrefixTemplate begins a second place that has the prefix of the target twice. KKP writes
// overwriteRegistry before some repositories that are configured with the mirror's name
// already (kubermatic pkg/resources/nodeportproxy and pkg/resources/registry, v2.31.0): in
// registry.example.com/kkp, "{prefix}/envoyproxy/envoy" is kkp/kkp/envoyproxy/envoy.
const PrefixTemplate = "{prefix}"

// CheckPlace returns an error unless a second place is a repository below the prefix of the
// target, such as "kubermatic-mirror/helm-charts/kubevirt", or one that begins with
// PrefixTemplate.
func CheckPlace(place string) error {
	repository := strings.TrimPrefix(place, PrefixTemplate+"/")
	ref, err := ParseRef("registry.invalid/" + repository)
	if err != nil || ref.Repository != repository {
		return fmt.Errorf("%q is not a repository; write lower-case letters, digits and ._- between slashes, without a tag, after %s/ if the prefix of the target is repeated", place, PrefixTemplate)
	}
	return nil
}

// Places are where an image goes in a registry: its own place first, then the second ones,
// each once. An archive has one entry for an image, in which its second places are noted.
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
