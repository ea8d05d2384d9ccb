package plugin

import (
	"context"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

// printKubeOne prints the settings of a KubeOneCluster for the mirror.
func (o patchSeedOptions) printKubeOne(ctx context.Context) error {
	var f opened
	var err error
	if o.inFiles() {
		f, err = o.openFiles()
	} else {
		f, err = o.open(ctx, nil)
	}
	if err != nil {
		return err
	}
	n, err := o.needed(ctx, f)
	if err != nil {
		return err
	}
	text, err := yaml.Marshal(patch.KubeOne(o.mirror(), n.checked))
	if err != nil {
		return err
	}
	if _, err := o.streams.Out.Write(text); err != nil {
		return err
	}
	o.say("note: copy these fields to the KubeOneCluster. KubeOne's own images come into the mirror with: kubeone mirror-images %s", o.target)
	return n.partial()
}
