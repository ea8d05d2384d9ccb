package check

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// accessDefinitions returns the checks of the section access.
func accessDefinitions() []Definition {
	return []Definition{
		{id(SectionAccess, "reachable"), []Status{StatusUnknown}, "whether the master, each Seed and each user cluster answer", "make the cluster reachable, and its kubeconfig valid"},
		{id(SectionAccess, "rights"), []Status{StatusOK, StatusUnknown}, "whether the users of their kubeconfigs have the [rights](#rights) that the checks need", "give the user the right that the finding names"},
		{id(SectionAccess, "validity"), []Status{StatusOK, StatusWarning, StatusNotReady}, "whether certificates and tokens of kubeconfigs are valid for 30 days more", "renew the kubeconfig"},
	}
}

// maxNamed bounds how many subjects a text names.
const maxNamed = 5

// Access judges which clusters can be read, with which rights, and until when.
func Access(all []kkp.Access, now time.Time) []Finding {
	a := accessJudge{now: now}
	for _, access := range all {
		if access.Seed == "" {
			a.cluster(access)
		}
	}
	a.userClusters(all)
	a.findings = append(a.findings, a.ends...)
	if len(a.ends) == 0 {
		a.add("validity", StatusOK, "kubeconfigs", fmt.Sprintf("no certificate and no token ends within %d days", int(soon.Hours())/24), "")
	}
	return a.findings
}

// accessJudge collects the findings of the section.
type accessJudge struct {
	now      time.Time
	findings []Finding
	ends     []Finding // about kubeconfigs that end, which are last: they have one remedy
}

func (a *accessJudge) add(name string, status Status, subject, reason, remedy string) {
	a.findings = append(a.findings, finding(id(SectionAccess, name), status, subject, reason, remedy))
}

// finding returns a finding without a command. Only a finding that is not ok has a remedy.
func finding(id string, status Status, subject, reason, remedy string) Finding {
	f := Finding{ID: id, Status: status, Subject: subject, Reason: reason}
	if remedy != "" {
		f.Remedy = &Remedy{Text: remedy}
	}
	return f
}

// cluster judges the master or a Seed.
func (a *accessJudge) cluster(access kkp.Access) {
	if access.Err != nil {
		a.silent([]string{access.Cluster}, causeOf(access.Err))
		return
	}
	if a.rights(access) {
		a.add("rights", StatusOK, access.Cluster, "the user of the kubeconfig has all rights that the checks need", "")
	}
	a.validity(access)
}

// silent says that clusters could not be read, for one reason.
func (a *accessJudge) silent(clusters []string, reason string) {
	a.add("reachable", StatusUnknown, named(clusters), reason,
		"check that this machine reaches the API server, and that the kubeconfig is complete and valid. A Seed names the Secret with its kubeconfig in spec.kubeconfig; "+
			"the kubeconfig of a user cluster is the Secret admin-kubeconfig in the namespace of its control plane")
}

// rights reports whether no right is missing, and adds a finding for each one that is.
func (a *accessJudge) rights(access kkp.Access) bool {
	if access.Unknown != nil {
		a.add("rights", StatusUnknown, access.Cluster, "the API server did not say which rights the user has: "+access.Unknown.Error(),
			"let the user create SelfSubjectAccessReviews, as the ClusterRole system:basic-user of Kubernetes does")
	}
	for _, right := range access.Missing {
		a.add("rights", StatusUnknown, access.Cluster+": "+right.String(), "the user may not "+right.String()+", so parts of other sections are not known",
			"an administrator of this cluster must give the right to the user of the kubeconfig; docs/check.md has a ClusterRole with all rights that the checks need")
	}
	return access.Unknown == nil && len(access.Missing) == 0
}

// validity adds a finding for a kubeconfig that has ended or ends soon, by its first part that does.
func (a *accessJudge) validity(access kkp.Access) {
	if len(access.Validity) == 0 {
		return
	}
	first := slices.MinFunc(access.Validity, func(v, w kkp.Validity) int { return v.End.Compare(w.End) })
	left := first.End.Sub(a.now)
	status, verb := StatusWarning, "ends"
	switch {
	case left > soon:
		return
	case left <= 0:
		status, verb = StatusNotReady, "has ended"
	}
	a.ends = append(a.ends, finding(id(SectionAccess, "validity"), status, access.Cluster, fmt.Sprintf("the %s of its kubeconfig %s on %s", first.Part, verb, first.End.UTC().Format(time.DateOnly)),
		"renew the kubeconfig; a Seed gets a new one in the Secret that spec.kubeconfig of the Seed names (kubermatic-installer convert-kubeconfig)"))
}

// userClusters judges the user clusters. Those without a problem are one finding for each Seed.
func (a *accessJudge) userClusters(all []kkp.Access) {
	good := map[string]int{} // by Seed
	var silent groups
	for _, access := range all {
		switch {
		case access.Seed == "":
		case access.Err != nil:
			silent.add(causeOf(access.Err), access.Cluster)
		default:
			if a.rights(access) {
				good[access.Seed]++
			}
			a.validity(access)
		}
	}
	for _, g := range silent {
		a.silent(g.subjects, g.cause)
	}
	for _, seed := range slices.Sorted(maps.Keys(good)) {
		a.add("rights", StatusOK, "user clusters on Seed "+seed, fmt.Sprintf("%d answer, and the users of their kubeconfigs have all rights that the checks need", good[seed]), "")
	}
}

// causeOf returns the common cause of an error, or the error itself.
func causeOf(err error) string {
	var common interface{ Cause() string }
	if errors.As(err, &common) {
		return common.Cause()
	}
	return err.Error()
}

// named lists subjects, of many only the first ones.
func named(subjects []string) string {
	if more := len(subjects) - maxNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(subjects[:maxNamed], ", "), more)
	}
	return strings.Join(subjects, ", ")
}

// worse returns the status that counts more: not ready, unknown, warning, ok.
func worse(a, b Status) Status {
	order := []Status{StatusOK, StatusWarning, StatusUnknown, StatusNotReady}
	return slices.MaxFunc([]Status{a, b}, func(x, y Status) int { return cmp.Compare(slices.Index(order, x), slices.Index(order, y)) })
}
