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

// Scope says for what images are wanted.
type Scope struct {
	// Places are the ones to look at; none: all.
	Places []Place
	// Clusters are the shapes of the user clusters. Entries whose condition no
	// shape meets are left out; {kubernetes} expands once per version.
	Clusters []Cluster
	// Features are those that are on; nil: every one.
	Features map[string]bool
}

// Everything is the scope of all that a release could do.
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

// NeededImage is an image and why it is needed.
type NeededImage struct {
	// Reference has its templates resolved and is written as KKP does:
	// "docker.io/fluent/fluent-bit:4.0.0", "d3fk/s3cmd@sha256:…".
	Reference string
	Kind      string // KindImage or KindChart
	Component string
	Place     Place
	// Condition is for people and names only what the image depends on, e.g.
	// "Kubernetes 1.34, aws"; empty if it is always needed.
	Condition string
	// UpstreamMissing tells that kubermatic-installer mirror-images does not
	// list the image for this component.
	UpstreamMissing bool
	// OverwriteRegistry reports whether userCluster.overwriteRegistry redirects
	// the component's default image.
	OverwriteRegistry bool
}

// Kinds of an Image.
const (
	KindImage = "image"
	KindChart = "chart"
)

// Unknown names something in the scope that the release does not know.
type Unknown struct {
	// Subject is for people: "Kubernetes 1.37.0", "provider foo".
	Subject string
	// Reason tells what cannot be told because of it.
	Reason string
}
