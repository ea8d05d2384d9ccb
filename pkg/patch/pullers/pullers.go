// Package pullers knows who pulls from a mirror once a change is made, and with what: KKP
// and the control planes, the nodes of user clusters, and KKP again for the charts of its
// applications. Each has credentials and certificates of its own, which are not those of
// the user. The package asks no registry itself.
package pullers

import (
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Puller is somebody who pulls images from a mirror.
type Puller struct {
	Name   string // "KKP", with what of it pulls
	Needs  []images.Ref
	Docker []byte // docker's config.json, nil: no credentials
	Trust  Trust
	Err    error  // why the credentials are not known
	Lacks  string // the credentials that are missing if Docker is nil
	Remedy string // where credentials are set
}

// Trust says which servers a puller talks to, beside those with a certificate that the
// system trusts.
type Trust struct {
	User       bool   // those that the user talks to
	Unverified bool   // the mirror, whatever its certificate, and over plain HTTP
	Bundle     []byte // PEM; those with a certificate of this bundle, and not of the system; nil: of the system
	Remedy     string // where this is set
}

// Mirror is what is known of the mirror, and of the change.
type Mirror struct {
	Host         string // host[:port]
	NodesTrust   bool   // the user says that nodes talk to it as the user does
	Unverified   bool   // KKP is told not to verify it where it pulls charts
	PullSecret   []byte // docker's config.json that spec.imagePullSecret becomes; nil: it stays
	ChartsSecret []byte // docker's config.json for charts, nil if there is none
	ChartsErr    error  // why that is not known
	Bundle       []byte // KKP's caBundle, nil if there is none
	BundleErr    error  // why that is not known
}

// nodesRemedy is what helps nodes whose trust is not known.
const nodesRemedy = "install the CA of the mirror on all nodes (or use a certificate that they trust), then pass --nodes-trust-mirror"

// KKP pulls for its own Deployments on the master and the Seeds, and for the control planes
// of user clusters, with spec.imagePullSecret (kubermatic pkg/controller/operator,
// ImagePullSecretsWrapper, v2.31.0).
func KKP(inst kkp.Installation, m Mirror, needed images.Inventory) Puller {
	p := Puller{
		Name:  "KKP (on the master and the Seeds, with the control planes of user clusters)",
		Needs: refs(needed, images.KindImage, "components", "configured", "running"), Docker: m.PullSecret,
		Trust: Trust{User: m.NodesTrust, Remedy: nodesRemedy},
		Lacks: "the KubermaticConfiguration has no imagePullSecret", Remedy: "set it in the same change with --pull-secret NAME|FILE",
	}
	if live := inst.Configuration.Field("spec.imagePullSecret"); p.Docker == nil && live != "" {
		p.Docker = []byte(live)
	}
	return p
}

// Charts are pulled by KKP with helmRegistryConfigFile and its caBundle.
func Charts(m Mirror, needed images.Inventory) Puller {
	p := Puller{
		Name: "KKP (for the charts of its applications)", Needs: refs(needed, images.KindChart), Docker: m.ChartsSecret, Err: m.ChartsErr,
		Trust: Trust{Unverified: m.Unverified, Bundle: m.Bundle, Remedy: "add the CA of the mirror to the ConfigMap that spec.caBundle names"},
		Lacks: "the KubermaticConfiguration has no helmRegistryConfigFile", Remedy: "name a Secret in the same change with --helm-registry-secret",
	}
	if p.Err == nil {
		p.Err = m.BundleErr
	}
	return p
}

// refs are the images of a kind that one of some sources needs, or all of the kind.
func refs(needed images.Inventory, kind images.Kind, sources ...string) []images.Ref {
	var found []images.Ref
	for _, img := range needed.Images {
		from := len(sources) == 0 || len(img.Reasons) == 0 ||
			slices.ContainsFunc(img.Reasons, func(r images.Reason) bool { return slices.Contains(sources, r.Source) })
		if from && (img.Kind == kind || img.Kind == "" && kind == images.KindImage) {
			found = append(found, img.Ref)
		}
	}
	return found
}
