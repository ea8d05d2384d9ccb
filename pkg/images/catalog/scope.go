package catalog

// Place is where a component runs.
type Place string

// The places. UserCluster is the control plane in the cluster's namespace on
// the seed, and the inside of the user cluster.
const (
	Master      Place = "master"
	Seed        Place = "seed"
	UserCluster Place = "user-cluster"
)

// Scope is the part of KKP for which images are needed.
type Scope struct {
	// Places are the places in scope; none: all.
	Places []Place
	// Clusters are the shapes of the user clusters. Entries whose condition no
	// shape meets are left out; {kubernetes} expands once per version.
	Clusters []Cluster
	// Features are the features that are on; nil: all.
	Features map[string]bool
}

// Everything returns the scope with everything that a release supports.
func Everything() Scope {
	return Scope{Places: []Place{Master, Seed, UserCluster}, Clusters: []Cluster{{}}}
}

// Cluster is the shape of a user cluster; an empty field stands for any, an
// empty Kubernetes for the release's default versions.
type Cluster struct {
	Kubernetes string // "1.34.9"
	Provider   string // "aws"
	CNI        string // "canal v3.31"
}

// NeededImage is an image with the reason why it is needed.
type NeededImage struct {
	// Reference is the reference as KKP writes it, with resolved templates:
	// "docker.io/fluent/fluent-bit:4.0.0", "d3fk/s3cmd@sha256:…".
	Reference string
	Kind      string // KindImage or KindChart
	Component string
	Place     Place
	// Condition is the condition under which the image is needed, as text: "Kubernetes 1.34, aws";
	// empty: always.
	Condition string
	// UpstreamMissing is true if kubermatic-installer mirror-images does not list the image for this
	// component.
	UpstreamMissing bool
	// OverwriteRegistry is true if userCluster.overwriteRegistry redirects the default image of the
	// component.
	OverwriteRegistry bool
}

// Kinds of an Image.
const (
	KindImage = "image"
	KindChart = "chart"
)

// Unknown is a value of the scope that the release does not know.
type Unknown struct {
	// Subject is the value as text: "Kubernetes 1.37.0", "provider foo".
	Subject string
	// Reason is the effect on the images.
	Reason string
}
