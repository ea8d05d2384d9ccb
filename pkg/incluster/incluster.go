// Package incluster has the objects with which Kubernetes runs a sync: a Job or a CronJob, the
// ConfigMaps with the plan, and the Secret with the credentials for the registries. The package
// also reads from pods and events why a pod does not start. Its functions are pure: they must not
// know clients, flags, registries, or how a plan is made.
package incluster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Labels and annotations of all objects. The values of labels are shortened hashes, because a
// target is no label value.
const (
	PlanLabel   = "kkp-mirror.dev/plan"   // first 40 digits of the digest of the plan
	TargetLabel = "kkp-mirror.dev/target" // first 40 digits of the SHA-256 hash of the target

	PlanAnnotation   = "kkp-mirror.dev/plan-digest" // "sha256:…"
	TargetAnnotation = "kkp-mirror.dev/target"      // as on the command line

	nameLabel    = "app.kubernetes.io/name"
	managerLabel = "app.kubernetes.io/managed-by"
	appName      = "kkp-mirror-sync"
	managerName  = "kubectl-kkp-mirror"
)

// Parts of names.
const (
	planEnding  = "-plan-" // and the number of the part, from 0
	caEnding    = "-ca"
	shortDigits = 10 // hexadecimal digits of a hash
)

// Container is the name of the container that copies.
const Container = "sync"

// Spec is what a Job copies, and how its pods run.
type Spec struct {
	Namespace string
	Target    string   // registry[:port][/prefix]
	Digest    string   // of the plan, "sha256:…"
	Plan      []File   // the parts of the plan
	Args      []string // flags of sync in the pods, in addition to those for the plan, the shard and the rate
	Image     string   // with the plugin, by digest if possible

	Architecture string // of the image, if it has only one, such as "amd64"; "": any

	DockerConfig []byte // credentials for a Secret of the Job; nil: none
	Secret       string // existing Secret with credentials, in place of DockerConfig; "": none
	CA           []byte // certificates in PEM format; nil: none
	HTTPProxy    string // of the pods; "": none
	NoProxy      string // hosts that are reached without the proxy, with commas

	Images int           // that the pod with the most images copies, from which its limit of memory follows
	Shards int           // pods that share the plan, at least 1
	Window time.Duration // longest time for the whole Job; 0: no limit
	Rate   int64         // bytes per second of the whole Job; 0: no limit

	NodeSelector map[string]string
	Tolerations  []corev1.Toleration

	Schedule string // of a CronJob, such as "0 2 * * *"; "": one Job
}

// File is a part of the plan: a key of a ConfigMap, and a file in the pods.
type File struct {
	Name string
	Data []byte
}

// Name returns the name of the Job or the CronJob. It depends on the plan and the target only, so that
// a second command for them does not start a second copy. A CronJob keeps its name if the plan
// changes.
func (s Spec) Name() string {
	if s.Schedule != "" {
		return appName + "-" + shortHash(s.Target)
	}
	return appName + "-" + shortHash(s.Digest+"\n"+s.Target)
}

// Labels returns the labels of all objects.
func (s Spec) Labels() map[string]string {
	labels := Labels(s.Digest, s.Target)
	labels[nameLabel], labels[managerLabel] = appName, managerName
	return labels
}

// Labels returns the labels that only the objects for a plan and a target have.
func Labels(digest, target string) map[string]string {
	return map[string]string{PlanLabel: hashOf(digest)[:40], TargetLabel: hashOf(target)[:40]}
}

// Managed reports whether labels are those of objects that this package makes for a target.
func Managed(labels map[string]string, target string) bool {
	return labels[managerLabel] == managerName && labels[TargetLabel] == hashOf(target)[:40]
}

func (s Spec) annotations() map[string]string {
	return map[string]string{PlanAnnotation: s.Digest, TargetAnnotation: s.Target}
}

// partName returns the first element of the names of the ConfigMaps with the plan, and of the Secret. For
// a CronJob, the name changes with the plan and its parts: an update must not touch the objects that the
// CronJob uses, and a ConfigMap that exists already must have the same content.
func (s Spec) partName() string {
	if s.Schedule == "" {
		return s.Name()
	}
	parts := sha256.New()
	for _, part := range s.Plan {
		fmt.Fprintf(parts, "%q %d\n", part.Name, len(part.Data))
		parts.Write(part.Data)
	}
	return s.Name() + "-" + shortHash(s.Digest+"\n"+hex.EncodeToString(parts.Sum(nil)))
}

// planName returns the name of the ConfigMap with a part of the plan.
func (s Spec) planName(part int) string { return s.partName() + planEnding + strconv.Itoa(part) }

// caName returns the name of the ConfigMap with the certificates, which changes with these for a CronJob.
func (s Spec) caName() string {
	if s.Schedule == "" {
		return s.Name() + caEnding
	}
	return s.Name() + "-" + shortHash(string(s.CA)) + caEnding
}

// secretName returns the Secret with the credentials, or "".
func (s Spec) secretName() string {
	if s.Secret == "" && len(s.DockerConfig) > 0 {
		return s.partName()
	}
	return s.Secret
}

func (s Spec) shards() int { return max(s.Shards, 1) }

// shortHash returns the first digits of a hash, for names.
func shortHash(text string) string { return hashOf(text)[:shortDigits] }

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
