package patch

import (
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Remedy is what redirects images to a mirror that no setting of a ConfigPlan redirects.
type Remedy string

// The remedies, in the order of the output.
const (
	RemedyHelm    Remedy = "Set the values of their Helm releases (patch-helm)"
	RemedyNodes   Remedy = "Set mirrors in the container runtime of the nodes of user clusters (patch-seed --registry)"
	RemedyBackup  Remedy = "Set the image in the field itself, which holds your own container"
	RemedyRuntime Remedy = "Set mirrors in the container runtime of the nodes of the master and the Seeds, for which KKP has no setting"
	RemedyTLS     Remedy = "Serve the mirror with TLS, without which KKP pulls no charts from it"
	RemedyCharts  Remedy = "Change the source of the ApplicationDefinition, which is not one of KKP's own"
)

// Remedies returns all remedies in order.
func Remedies() []Remedy {
	return []Remedy{RemedyHelm, RemedyNodes, RemedyBackup, RemedyRuntime, RemedyTLS, RemedyCharts}
}

// Coverage divides an inventory into the images that a plan redirects and the others.
type Coverage struct {
	Redirected images.Inventory
	Left       map[Remedy][]images.Ref // images that need another remedy
}

// Cover returns which images of an inventory KKP pulls from the mirror after the change.
func (p ConfigPlan) Cover(inv images.Inventory, inst kkp.Installation, release *catalog.Release) Coverage {
	c := coverer{plan: p, rewritten: map[string]bool{}, direct: map[use]bool{}, system: map[string]bool{}}
	known, _ := release.Images(catalog.Everything())
	for _, img := range known {
		c.rewritten[img.Component] = c.rewritten[img.Component] || img.OverwriteRegistry
		if !img.OverwriteRegistry {
			c.direct[use{img.Component, img.Condition}] = true
		}
	}
	for _, app := range inst.Applications.Definitions {
		c.system[app.Name] = app.System
	}
	for _, app := range release.Applications() {
		c.system[app.Name] = c.system[app.Name] || app.System
	}
	coverage := Coverage{Left: map[Remedy][]images.Ref{}}
	coverage.Redirected = inv.Where(func(img images.Image) bool {
		return slices.ContainsFunc(img.Reasons, func(r images.Reason) bool { return c.remedy(img, r) == "" && r.Source != "running" })
	})
	covered := p.addSecondPlaces(coverage.Redirected.Images)
	for _, img := range inv.Images {
		for _, reason := range img.Reasons {
			remedy := c.remedy(img, reason)
			saysLess := len(img.Reasons) > 1 && reason.Source == "running"
			if remedy != "" && !saysLess && (!covered[img.Ref] || remedy != RemedyRuntime) && !slices.Contains(coverage.Left[remedy], img.Ref) {
				coverage.Left[remedy] = append(coverage.Left[remedy], img.Ref)
			}
		}
	}
	return coverage
}

// addSecondPlaces adds to images the second places where KKP looks for them, because it puts
// overwriteRegistry in front of a value that has the mirror already. The result has the references.
func (p ConfigPlan) addSecondPlaces(redirected []images.Image) map[images.Ref]bool {
	refs := map[images.Ref]bool{}
	for i, img := range redirected {
		refs[img.Ref] = true
		if twice := images.PrefixTemplate + "/" + img.Ref.Repository; slices.Contains(p.doubled, p.mirror.Ref(img.Ref).Name()) && !img.Covers([]string{twice}) {
			redirected[i].Also = append(slices.Clone(img.Also), twice)
		}
	}
	return refs
}

// coverer knows what redirects the image of a component.
type coverer struct {
	plan      ConfigPlan
	rewritten map[string]bool // components whose images overwriteRegistry redirects
	direct    map[use]bool    // uses of images that it does not redirect, though it may redirect another use
	system    map[string]bool // applications that are KKP's own
}

// use is a component and the condition under which it needs an image: nodeport-proxy-envoy
// runs on a Seed, and for user clusters that have load balancers of their own.
type use struct{ component, condition string }

// remedy returns what else it takes for an image that is needed for a reason, "" if a
// setting redirects it.
func (c coverer) remedy(img images.Image, reason images.Reason) Remedy {
	switch reason.Source {
	case "components":
		return c.component(img, reason)
	case "addons":
		return c.onlyIf(c.plan.rewrites || reason.Component == "addons image" && c.makes("spec.userCluster.addons.dockerRepository"), RemedyNodes)
	case "applications":
		return c.application(img, reason)
	case "charts", "bundled-charts":
		return RemedyHelm
	case "configured":
		return c.configured(reason)
	}
	return RemedyRuntime
}

func (c coverer) component(img images.Image, reason images.Reason) Remedy {
	made := slices.ContainsFunc(c.plan.made, func(s madeSetting) bool {
		return slices.Contains(s.Components, reason.Component) && sameRepository(s.Repository, img.Ref) && (s.seed == "" || s.seed == reason.Cluster)
	})
	rewritten := c.rewritten[reason.Component] && !c.direct[use{reason.Component, reason.Condition}]
	switch {
	case made || c.plan.rewrites && rewritten:
		return ""
	case img.Kind == images.KindChart:
		return c.chart(true)
	case reason.Component == "kubermatic-operator":
		return RemedyHelm
	case rewritten || reason.Component == "pause" || reason.Component == "kubevirt-csi-node":
		return RemedyNodes
	}
	return RemedyRuntime
}

// application returns the remedy for the chart or an image of an application. Only KKP's own
// charts and the images of system applications are redirected.
func (c coverer) application(img images.Image, reason images.Reason) Remedy {
	if img.Kind == images.KindChart {
		return c.chart(strings.Contains(img.Ref.Repository, "/helm-charts/"))
	}
	name, _, _ := strings.Cut(reason.Component, " ")
	return c.onlyIf(c.plan.rewrites && c.system[name], RemedyNodes)
}

// chart tells about a chart, of KKP's own or not.
func (c coverer) chart(own bool) Remedy {
	switch {
	case own && c.plan.charts:
		return ""
	case own && c.plan.mirror.PlainHTTP:
		return RemedyTLS
	}
	return RemedyCharts
}

func (c coverer) configured(reason images.Reason) Remedy {
	switch {
	case reason.Component == "spec.mirrorImages": // images pulled by the rule of overwriteRegistry
		return c.onlyIf(c.plan.rewrites, RemedyRuntime)
	case strings.HasPrefix(reason.Component, "spec.datacenters."):
		return RemedyNodes
	case strings.HasPrefix(reason.Component, "spec.seedController.backup"):
		return RemedyBackup
	}
	return c.onlyIf(c.makes(reason.Component), RemedyRuntime)
}

// makes reports whether the plan sets a field.
func (c coverer) makes(field string) bool {
	return slices.ContainsFunc(c.plan.made, func(s madeSetting) bool { return s.Field == field })
}

// onlyIf returns the remedy, or "" if the image is redirected.
func (c coverer) onlyIf(redirected bool, remedy Remedy) Remedy {
	if redirected {
		return ""
	}
	return remedy
}

// sameRepository reports whether a repository, as KKP writes it, is the repository of a
// reference.
func sameRepository(repository string, ref images.Ref) bool {
	other, err := images.ParseRef(repository)
	return err == nil && other.Name() == ref.Name()
}
