// Package ready describes what the sandbox prints when it is ready, and nothing else: whoever reads it needs no other
// package of the sandbox.
package ready

// Line is what the sandbox prints, as one line of JSON, when everything is up.
type Line struct {
	// Dir is the directory with all files of the sandbox, among them the logs. It is removed when the sandbox stops.
	Dir string `json:"dir"`
	// Version is the release of KKP in the sample, such as "v2.31.0".
	Version string `json:"version"`
	// Kubeconfig is the path of the master's kubeconfig, for an administrator.
	Kubeconfig string `json:"kubeconfig"`
	// Seeds holds the path of the administrator's kubeconfig for the cluster of each Seed, by the Seed's name.
	Seeds map[string]string `json:"seeds"`
	// Clusters holds the path of the administrator's kubeconfig for each user cluster with an API server of its own, by the
	// name of the Cluster.
	Clusters map[string]string `json:"clusters"`
	// Users holds the path of a kubeconfig for each user with fewer rights. On the master, "restricted" may get and list
	// KubermaticConfigurations and Seeds, and "applications" may edit ApplicationDefinitions. On the Seed "frankfurt",
	// "minio" may write Secrets in the namespace of that name. None of them may do anything else.
	Users map[string]string `json:"users"`
	// Registries are empty registries to mirror into: "plain", "tls", "basic" and "token", and "memory", which is of another make
	// and has the referrers API.
	Registries map[string]Registry `json:"registries"`
	// Upstream stands in for all public registries.
	Upstream Upstream `json:"upstream"`
	// DockerConfig is a directory, for DOCKER_CONFIG, whose config.json holds the credentials of "basic" and "token".
	DockerConfig string `json:"dockerConfig"`
	// Images is the number of tags that the upstream registry was filled with.
	Images int `json:"images"`
	// Unservable are the requested references that demand a digest, which synthetic content cannot have. Those that have
	// a tag too are stored under it, but the digest is another one.
	Unservable []string `json:"unservable"`
	// Requests is the path of a file with a line for each request of the plugin to an API server, such as
	// "hamburg GET /api/v1/pods?limit=500".
	Requests string `json:"requests"`
	// Relay is the only way out that nodes have.
	Relay Relay `json:"relay"`
	// Node is the node that was asked for.
	Node *Node `json:"node,omitempty"`
}

// Relay says how to reach the proxy that lets nobody out.
type Relay struct {
	// URL is the value for HTTP_PROXY and HTTPS_PROXY.
	URL string `json:"url"`
	// Log is the path of a file with a line for each request, such as "CONNECT quay.io:443".
	Log string `json:"log"`
}

// Node is a node of a user cluster. It has the stand-in for all public registries as a mirror of each of them.
type Node struct {
	// Cluster is the name of the user cluster, and Name is that of the Node.
	Cluster string `json:"cluster"`
	Name    string `json:"name"`
	// Containerd is the path of containerd's socket. Kubernetes' containers are in its namespace k8s.io.
	Containerd string `json:"containerd"`
	// Dir has the logs, containerd.log and kubelet.log, and containerd's certs.d.
	Dir string `json:"dir"`
}

// Registry says how to reach a registry.
type Registry struct {
	// Host is the host and port. Without a CAFile, the registry speaks plain HTTP.
	Host string `json:"host"`
	// CAFile is the path of the authority that signed the registry's certificate.
	CAFile string `json:"caFile,omitempty"`
	// Username and Password are set when the registry asks for them.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
}

// Upstream says how to reach the stand-in for all public registries.
type Upstream struct {
	// Host is the host and port. It speaks plain HTTP and holds the image host/path:tag as {Host}/host/path:tag.
	Host string `json:"host"`
	// RegistryMap is the value for the plugin's --registry-map that leads there.
	RegistryMap string `json:"registryMap"`
}
