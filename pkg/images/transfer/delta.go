package transfer

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// expectBase registers the blobs that a delta archive lacks, as blobs that the target
// registry has, if the earlier archive was copied there with the same prefix.
func (run *run) expectBase(plan images.Plan) {
	from := run.opts.From
	if from == nil || from.Base() == nil {
		return
	}
	for digest, image := range from.Base().Blobs {
		ref, err := images.ParseRef(image)
		if err != nil {
			continue
		}
		hash, err := v1.NewHash(digest)
		if err != nil {
			continue
		}
		at, err := run.registries.Target(plan.Target.Ref(ref), nil)
		if err != nil {
			continue
		}
		run.blobs.Known(at.Location(), []v1.Descriptor{{Digest: hash}})
	}
}
