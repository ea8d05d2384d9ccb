package images

// Outcome says what became of one image.
type Outcome string

// The outcomes of a copy.
const (
	Copied  Outcome = "copied"  // it is there now
	Present Outcome = "present" // it was there already, with the same digest
	Skipped Outcome = "skipped" // it was not tried, because the run was interrupted
	Failed  Outcome = "failed"  // it was tried and is not there
)

// Class groups failures by what can be done about them.
type Class string

// The classes of failures.
const (
	ClassAuth      Class = "auth"       // credentials are missing, wrong, or not allowed to do this
	ClassNotFound  Class = "not-found"  // the source has no such image
	ClassRateLimit Class = "rate-limit" // the registry wants fewer requests
	ClassTLS       Class = "tls"        // the certificate is not trusted, or the server speaks plain HTTP
	ClassNetwork   Class = "network"    // the registry could not be reached, or broke off
	ClassDigest    Class = "digest"     // the content is not what it was said to be
	ClassPolicy    Class = "policy"     // the registry refuses the image
	ClassDisk      Class = "disk"       // there is no room for it
)

// What to do where projects or repositories do not come into being by themselves. A project
// is the first element of a repository's path.
const (
	RemedyCreateProject    = "create the project in the target registry, then run the same command again"
	RemedyCreateRepository = "create the repository in the target registry, then run the same command again"
)

// Remedy is one line on what to do about failures of a class.
func (c Class) Remedy() string {
	switch c {
	case ClassAuth:
		return "log in with `docker login` or `podman login`, and check that the account may pull (source) or push (target)"
	case ClassNotFound:
		return "check that the image exists upstream; leave it out with --exclude, or pull it from elsewhere with --registry-map"
	case ClassRateLimit:
		return "wait, log in to raise the limit, or lower --jobs"
	case ClassTLS:
		return "trust the registry's CA with --ca-file, or name the registry in --plain-http if it has no TLS"
	case ClassNetwork:
		return "check the network, the proxy (HTTPS_PROXY, NO_PROXY) and the registry, then run the same command again"
	case ClassDigest:
		return "the source changed or a proxy altered it; update the image list, then run the same command again"
	case ClassPolicy:
		return "ask the registry's administrator: it refused the image for a rule or quota of its own"
	case ClassDisk:
		return "make room, or choose another place, then run the same command again"
	default:
		return "run the same command again"
	}
}

// Result is what became of one copy.
type Result struct {
	Source   Ref      `json:"source"`
	Target   Ref      `json:"target"`
	Also     []string `json:"also,omitempty"` // the second places that an archive notes
	Kind     Kind     `json:"kind,omitempty"`
	Outcome  Outcome  `json:"outcome"`
	Digest   string   `json:"digest,omitempty"`
	Bytes    int64    `json:"bytes,omitempty"`    // what was uploaded
	Mounted  int64    `json:"mounted,omitempty"`  // what the target had in another repository
	Attached int      `json:"attached,omitempty"` // signatures and other referrers that were copied with it
	Seconds  float64  `json:"seconds,omitempty"`  // from the first request to the last
	Attempts int      `json:"attempts,omitempty"` // 1 unless transient faults were retried
	Moved    *Move    `json:"moved,omitempty"`    // where the image is, if it is gone from its source
	Notes    []string `json:"notes,omitempty"`    // what else there is to know
	Class    Class    `json:"class,omitempty"`    // of a failure
	Error    string   `json:"error,omitempty"`    // of a failure, redacted
	Cause    string   `json:"cause,omitempty"`    // of a failure: the error without the image, as for others with the same cause
	Remedy   string   `json:"remedy,omitempty"`   // of a failure
}

// Report is what became of a plan, in its order.
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

// Bytes is what the whole run uploaded.
func (r Report) Bytes() int64 {
	var n int64
	for _, res := range r.Results {
		n += res.Bytes
	}
	return n
}

// Mounted is what the whole run found in another repository of the target.
func (r Report) Mounted() int64 {
	var n int64
	for _, res := range r.Results {
		n += res.Mounted
	}
	return n
}
