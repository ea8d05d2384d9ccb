package plugin

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// fromMirror returns the options for registries with the mirror of --from as the only source; "" is
// none.
func fromMirror(flags *pflag.FlagSet, from string, target images.Target, registry option.Registry) (option.Registry, error) {
	if from == "" {
		return registry, nil
	}
	if err := option.Exclude(flags, "from", "is the source of all images", "registry-map", "load-from"); err != nil {
		return registry, err
	}
	mirror, err := images.ParseTarget(from)
	switch {
	case err != nil:
		return registry, option.Usagef("--from: %w", err)
	case mirror.Archive != "":
		return registry, option.Usagef("--from %s: this is an archive, and --from names a registry; pass --load-from %s", from, from)
	case mirror == target:
		return registry, option.Usagef("--from %s: this is the target, too", from)
	}
	return registry.From(mirror), nil
}

// advise adds to a failure what to do about an image that the mirror of --from lacks.
func (o syncOptions) advise(r images.Result) images.Result {
	mirror := o.registry.Mirror
	if mirror != (images.Target{}) && r.Class == images.ClassNotFound && r.Remedy == r.Class.Remedy() {
		r.Remedy = fmt.Sprintf("copy the image into %s first, with sync %s; or leave the image out with --exclude", mirror, mirror)
	}
	return r
}

// advising is an observer of results with advice.
type advising struct {
	transfer.Observer
	advise func(images.Result) images.Result
}

// Finished implements transfer.Observer.
func (a advising) Finished(r images.Result) { a.Observer.Finished(a.advise(r)) }
