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

// maxValuesBytes bounds the size of a values file.
const maxValuesBytes = 8 << 20

// ReadValues reads a values file of bounded size.
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

// Open returns a copy of the chart for Helm's actions.
func (c *Chart) Open() (*helm.Chart, error) { return c.open() }

// Values returns the values that templates see: the default values of the chart and its enabled
// subcharts, overridden by the user's values.
func (c *Chart) Values(config map[string]any) (all map[string]any, err error) {
	defer recovered(&err)
	opened, err := c.prepare(config)
	if err != nil {
		return nil, err
	}
	return chartutil.CoalesceValues(opened, config)
}

// Mentions are the names of values in templates. The values need not be set.
type Mentions struct {
	Paths  [][]string // keys from the root: "gateway", "image", "registry"
	Fields []string   // last name of each chain, such as "registry" in .image.registry
}

// Mentions returns the names of values in the templates of the chart and its subcharts.
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

// add adds the names in the templates of a chart whose values are below a path. The templates of
// a library chart use the values of the chart that includes them.
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

// chain adds a chain of names: the names after Values, or a chain of global values.
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
