package chart

import (
	"io"
	"regexp"
	"slices"
	"strings"

	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded/yamlbound"
)

// maxValuesBytes bounds a file with values.
const maxValuesBytes = 8 << 20

// ReadValues reads a file with values, within bounds.
func ReadValues(r io.Reader) (map[string]any, error) {
	text, err := bounded.ReadAll(r, maxValuesBytes)
	if err != nil {
		return nil, err
	}
	if err := yamlbound.Check(text); err != nil {
		return nil, err
	}
	values := map[string]any{}
	return values, yaml.Unmarshal(text, &values)
}

// Open returns a copy of the chart as Helm's own actions take it.
func (c *Chart) Open() (*helm.Chart, error) { return c.open() }

// Values are the values that templates see: the user's over those of the chart and its
// subcharts. Subcharts that they turn off are left out.
func (c *Chart) Values(config map[string]any) (all map[string]any, err error) {
	defer recovered(&err)
	opened, err := c.prepare(config)
	if err != nil {
		return nil, err
	}
	return chartutil.CoalesceValues(opened, config)
}

// Mentions are the names of values that templates mention, whether or not they are set.
type Mentions struct {
	Paths  [][]string // from the top: "gateway", "image", "registry"
	Fields []string   // the last names of all chains, such as "registry" in .image.registry
}

// Mentions returns what the templates of the chart and its subcharts mention.
func (c *Chart) Mentions(config map[string]any) (m Mentions, err error) {
	defer recovered(&err)
	opened, err := c.prepare(config)
	if err != nil {
		return Mentions{}, err
	}
	m.add(opened, nil)
	slices.SortFunc(m.Paths, slices.Compare)
	m.Paths = slices.CompactFunc(m.Paths, slices.Equal)
	slices.Sort(m.Fields)
	m.Fields = slices.Compact(m.Fields)
	return m, nil
}

// add adds what a chart mentions, whose values are below a path. A library's templates
// have the values of the chart that includes them.
func (m *Mentions) add(c *helm.Chart, at []string) {
	actions, chains := regexp.MustCompile(`(?s)\{\{.*?\}\}`), regexp.MustCompile(`(?:\.[A-Za-z_]\w*)+`)
	plain := strings.NewReplacer("(", "", ")", "")
	for _, template := range c.Templates {
		for _, action := range actions.FindAllString(string(template.Data), -1) {
			for _, chain := range chains.FindAllString(plain.Replace(action), -1) {
				m.chain(strings.Split(chain[1:], "."), at)
			}
		}
	}
	for _, sub := range c.Dependencies() {
		below := append(slices.Clone(at), sub.Name())
		if sub.Metadata.Type == "library" {
			below = at
		}
		m.add(sub, below)
	}
}

// chain adds a chain of names: what follows Values, or the values of all charts.
func (m *Mentions) chain(names, at []string) {
	m.Fields = append(m.Fields, names[len(names)-1])
	if i := slices.Index(names, "Values"); i >= 0 {
		names = names[i+1:]
	} else if names[0] != "global" {
		return
	}
	if len(names) == 0 {
		return
	}
	m.Paths = append(m.Paths, append(slices.Clone(at), names...))
	if names[0] == "global" && len(at) > 0 {
		m.Paths = append(m.Paths, names)
	}
}

// Upstream tells the upstream names of what a release refers to.
type Upstream struct {
	Values  map[string]any // the user's, without those that override where images come from
	Removed []Override     // these
	origins origins
}

// Upstream compares a user's values with those of the chart.
func (c *Chart) Upstream(config map[string]any) (Upstream, error) {
	defaults, err := c.defaults(config)
	if err != nil {
		return Upstream{}, err
	}
	kept, removed := withoutOverrides(config, defaults)
	return Upstream{Values: kept, Removed: removed, origins: findOrigins(config, defaults, removed)}, nil
}

// Name returns the upstream name of a reference that is rendered with the user's own
// values. ok is false if it is on a registry that only they name, and nothing explains it.
func (u Upstream) Name(reference string) (name string, ok bool) { return u.origins.original(reference) }

// DefaultName is Name for a reference that is rendered without the overrides.
func (u Upstream) DefaultName(reference string) (name string, ok bool) {
	o := u.origins
	o.byName = nil
	return o.original(reference)
}
