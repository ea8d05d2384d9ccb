package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Named is a mirror, with the fields that name it.
type Named struct {
	Target images.Target
	Fields []string // such as "spec.userCluster.overwriteRegistry"; none: the user has named the mirror
}

// String names the origin of the mirror in a sentence.
func (n Named) String() string {
	switch len(n.Fields) {
	case 0:
		return "named on the command line"
	case 1:
		return "named by " + n.Fields[0]
	default:
		return fmt.Sprintf("named by %s and %d more fields", n.Fields[0], len(n.Fields)-1)
	}
}

// FindMirror returns the mirror that an installation is pointed at: the one of overwriteRegistry
// or, without that, the one that most repository fields name. ok is false if no field names one.
func FindMirror(inst kkp.Installation, release *catalog.Release) (named Named, ok bool) {
	const overwrite = "spec.userCluster.overwriteRegistry"
	if text := inst.Configuration.Field(overwrite); text != "" {
		if target, err := images.ParseTarget(text); err == nil && target.Archive == "" {
			return Named{Target: target, Fields: []string{overwrite}}, true
		}
	}
	var all []Named
	for _, setting := range release.Settings() {
		if setting.Object != "KubermaticConfiguration" {
			continue
		}
		target, ok := redirected(setting.Repository, inst.Configuration.Field(setting.Field))
		if !ok {
			continue
		}
		i := slices.IndexFunc(all, func(n Named) bool { return n.Target == target })
		if i < 0 {
			i = len(all)
			all = append(all, Named{Target: target})
		}
		all[i].Fields = append(all[i].Fields, setting.Field)
	}
	if len(all) == 0 {
		return Named{}, false
	}
	return slices.MaxFunc(all, func(a, b Named) int { return len(a.Fields) - len(b.Fields) }), true
}

// redirected returns the mirror that has the copy of a repository, if a value names that copy:
// the path of the repository below another registry.
func redirected(repository, value string) (images.Target, bool) {
	source, err := images.ParseRef(repository)
	if err != nil || value == "" {
		return images.Target{}, false
	}
	copied, err := images.ParseRef(value)
	if err != nil || copied.Registry == source.Registry {
		return images.Target{}, false
	}
	prefix, ok := strings.CutSuffix("/"+copied.Repository, "/"+source.Repository)
	return images.Target{Registry: copied.Registry, Prefix: strings.TrimPrefix(prefix, "/")}, ok
}
