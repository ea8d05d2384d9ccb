package images

// Outcome is the outcome of the copy of an image.
type Outcome string

// The outcomes of a copy.
const (
	Copied  Outcome = "copied"  // the target has the image now
	Present Outcome = "present" // the target already had the same digest
	Skipped Outcome = "skipped" // not tried, because the run was interrupted
	Failed  Outcome = "failed"  // the copy failed
)

// Class is the class of a failure: failures of a class have the same remedy.
type Class string

// The classes of failures.
const (
	ClassAuth      Class = "auth"       // credentials are missing, wrong, or lack a permission
	ClassNotFound  Class = "not-found"  // the source does not have the image
	ClassRateLimit Class = "rate-limit" // too many requests for the registry
	ClassTLS       Class = "tls"        // the certificate is not trusted, or the server speaks plain HTTP
	ClassNetwork   Class = "network"    // the registry is unreachable, or the connection broke
	ClassDigest    Class = "digest"     // the content has another digest
	ClassPolicy    Class = "policy"     // the registry rejects the image by a rule
	ClassDisk      Class = "disk"       // no space left
)

// Remedies for registries that do not create projects or repositories on a push. A project is the
// first element of the path of a repository.
const (
	RemedyCreateProject    = "create the project in the target registry, then run the same command again"
	RemedyCreateRepository = "create the repository in the target registry, then run the same command again"
)

// Remedy returns one line with the remedy for failures of a class.
func (c Class) Remedy() string {
	switch c {
	case ClassAuth:
		return "log in with `docker login` or `podman login`, and check that the account may pull (source) or push (target)"
	case ClassNotFound:
		return "check that the image exists in its registry. To leave the image out, pass --exclude; to pull it from another registry, pass --registry-map"
	case ClassRateLimit:
		return "wait, log in for a higher limit, or pass a lower --jobs"
	case ClassTLS:
		return "pass the CA of the registry with --ca-file; for a registry without TLS, pass --plain-http HOST"
	case ClassNetwork:
		return "check the network, the proxy (HTTPS_PROXY, NO_PROXY) and the registry, then run the same command again"
	case ClassDigest:
		return "the content at the source has changed, or a proxy has changed it on the way; write the image list again, then run the same command again"
	case ClassPolicy:
		return "ask the administrator of the registry: a rule or a quota of the registry refused the image"
	case ClassDisk:
		return "free disk space, or choose another target, then run the same command again"
	default:
		return "run the same command again"
	}
}

// Result is the result of one copy.
type Result struct {
	Source   Ref      `json:"source"`
	Target   Ref      `json:"target"`
	Also     []string `json:"also,omitempty"` // second places that an archive stores
	Kind     Kind     `json:"kind,omitempty"`
	Outcome  Outcome  `json:"outcome"`
	Digest   string   `json:"digest,omitempty"`
	Bytes    int64    `json:"bytes,omitempty"`    // uploaded bytes
	Mounted  int64    `json:"mounted,omitempty"`  // bytes mounted from another repository
	Attached int      `json:"attached,omitempty"` // copied referrers
	Seconds  float64  `json:"seconds,omitempty"`  // from the first request to the last
	Attempts int      `json:"attempts,omitempty"` // 1 without retries
	Moved    *Move    `json:"moved,omitempty"`    // new repository, if the image is gone from its source
	Notes    []string `json:"notes,omitempty"`    // further facts
	Class    Class    `json:"class,omitempty"`    // of a failure
	Error    string   `json:"error,omitempty"`    // of a failure, redacted
	Cause    string   `json:"cause,omitempty"`    // of a failure: the error without the image, as for others with the same cause
	Remedy   string   `json:"remedy,omitempty"`   // of a failure
}

// Report is the results of a plan, in its order.
type Report struct {
	Results []Result
}

// Count returns how many results have the outcome.
func (r Report) Count(o Outcome) int {
	n := 0
	for _, res := range r.Results {
		if res.Outcome == o {
			n++
		}
	}
	return n
}

// Bytes returns the uploaded bytes of the run.
func (r Report) Bytes() int64 {
	var n int64
	for _, res := range r.Results {
		n += res.Bytes
	}
	return n
}

// Mounted returns the bytes that the run mounted from other repositories of the target.
func (r Report) Mounted() int64 {
	var n int64
	for _, res := range r.Results {
		n += res.Mounted
	}
	return n
}
