package transfer

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/storage"
)

// seed tells the moves where a registry has what an archive lacks, if what it is new to
// was copied there with the same mapping.
func (run *run) seed(plan images.Plan) {
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
		at, err := run.reach.Registries.Target(plan.Target.Ref(ref))
		if err != nil {
			continue
		}
		run.moves.Known(storage.NewHosted(at, run.reach.Gate), []v1.Descriptor{{Digest: hash}})
	}
}
