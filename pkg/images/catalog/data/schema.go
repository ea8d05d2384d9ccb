// Package data holds the facts about KKP releases, one YAML file per KKP
// minor, and knows their format: how it is read strictly and how it is written
// canonically. It knows nothing about what is done with the facts.
package data

// File is what is known of one KKP minor, e.g. v2.31.
type File struct {
	// Releases are the patch releases, oldest first.
	Releases []Release `json:"releases"`
	// Settings are the fields that say where images come from, sorted by
	// object and field.
	Settings []Setting `json:"settings"`
	// Components are the workloads, sorted by name and place.
	Components []Component `json:"components"`
	// Applications are those for user clusters that KKP ships, sorted by source
	// and name.
	Applications []Application `json:"applications,omitempty"`
}

// Release holds what KKP compiles into one patch release. An empty field is
// that of the release before.
type Release struct {
	Version string `json:"version"`
	// Kubernetes are the default versions, ascending, without "v"
	// (pkg/defaulting/configuration.go).
	Kubernetes        []string `json:"kubernetes,omitempty"`
	DefaultKubernetes string   `json:"defaultKubernetes,omitempty"`
	// DefaultCNI is the type that new clusters get (pkg/defaulting/cluster.go).
	DefaultCNI string `json:"defaultCNI,omitempty"`
	// CNI are the supported versions per type, deprecated ones included
	// (pkg/cni/version.go).
	CNI map[string][]string `json:"cni,omitempty"`
	// CNIDefaults are the default versions per type (pkg/cni/version.go).
	CNIDefaults map[string]string `json:"cniDefaults,omitempty"`
	// Providers are all that the release knows (sdk/apis/kubermatic/v1).
	Providers []string `json:"providers,omitempty"`
	// DefaultAddons are installed into every cluster, AccessibleAddons may be
	// chosen by users (pkg/defaulting/configuration.go).
	DefaultAddons    []string `json:"defaultAddons,omitempty"`
	AccessibleAddons []string `json:"accessibleAddons,omitempty"`
}

// Component is a workload and the images it uses.
type Component struct {
	Name string `json:"name"`
	// RunsOn are the places: master, seed, user-cluster.
	RunsOn []string `json:"runsOn"`
	// OverwriteRegistry reports whether spec.userCluster.overwriteRegistry
	// redirects the component's default images.
	OverwriteRegistry bool `json:"overwriteRegistry,omitempty"`
	// Edition is "ce", "ee" or, for both, empty.
	Edition string `json:"edition,omitempty"`
	// Features must all be on.
	Features []string `json:"features,omitempty"`
	// Note says where a fact comes from and how certain it is.
	Note   string  `json:"note,omitempty"`
	Images []Entry `json:"images"`
}

// Entry is an image and the conditions, all of which must hold, under which
// its component uses it. An empty condition always holds.
type Entry struct {
	// Image may contain the templates {kubernetes} and {kkp}.
	Image string `json:"image"`
	// Kind is empty for an image, "chart" for a Helm chart in a registry.
	Kind string `json:"kind,omitempty"`
	// Kubernetes are minors ("1.34") and exact versions ("1.34.9").
	Kubernetes []string `json:"kubernetes,omitempty"`
	// Providers are the only ones that use the image, Except those that do not.
	Providers []string `json:"providers,omitempty"`
	Except    []string `json:"except,omitempty"`
	// CNI are pairs of type and version: "canal v3.31".
	CNI      []string `json:"cni,omitempty"`
	Edition  string   `json:"edition,omitempty"`
	Features []string `json:"features,omitempty"`
	// Since and Until are the first and the last release with this entry;
	// empty: the oldest and the newest of the file.
	Since string `json:"since,omitempty"`
	Until string `json:"until,omitempty"`
	// Upstream tells how the list of kubermatic-installer mirror-images
	// differs: UpstreamMissing, UpstreamUnfiltered or UpstreamCharts.
	Upstream string `json:"upstream,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Values of Entry.Upstream.
const (
	// UpstreamMissing marks an image that upstream's list lacks.
	UpstreamMissing = "missing"
	// UpstreamUnfiltered marks an image that upstream lists for every
	// provider, although only the entry's providers use it.
	UpstreamUnfiltered = "unfiltered"
	// UpstreamCharts marks an image that upstream lists only because a chart
	// of KKP uses it, too: not where it renders components alone.
	UpstreamCharts = "charts"
)

// KindChart is the Entry.Kind of a Helm chart.
const KindChart = "chart"

// Templates in Entry.Image.
const (
	KubernetesTemplate = "{kubernetes}"
	KKPTemplate        = "{kkp}"
)

// Setting is a field that says where images of some components come from.
type Setting struct {
	// Object is KubermaticConfiguration or Seed.
	Object     string   `json:"object"`
	Field      string   `json:"field"`
	Components []string `json:"components"`
	// Repository is the default, RepositoryEE that of the Enterprise Edition
	// where it differs.
	Repository   string `json:"repository"`
	RepositoryEE string `json:"repositoryEE,omitempty"`
	TagField     string `json:"tagField,omitempty"`
	SuffixField  string `json:"suffixField,omitempty"`
	// OverwriteRegistry reports whether overwriteRegistry is applied on top of
	// a value that is set here.
	OverwriteRegistry bool   `json:"overwriteRegistry,omitempty"`
	Edition           string `json:"edition,omitempty"`
	Since             string `json:"since,omitempty"`
	Until             string `json:"until,omitempty"`
	Note              string `json:"note,omitempty"`
}
