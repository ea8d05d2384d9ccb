package check

import (
	"cmp"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
)

// LoginKind says whose credentials are judged. Identifiers of checks begin with it.
type LoginKind string

// The kinds of logins.
const (
	LoginKKP    LoginKind = "pull-secret"  // spec.imagePullSecret of the KubermaticConfiguration, and the Secret that KKP's operator makes of it
	LoginCharts LoginKind = "charts-login" // the Secret that helmRegistryConfigFile names
	LoginNodes  LoginKind = "nodes-login"  // the Secret that spec.imagePullSecret of a Cluster names
)

// loginDefinitions returns the checks of the section mirror that concern those who pull.
func loginDefinitions() []Definition {
	at := func(name string, meaning, remedy string, statuses ...Status) Definition {
		return Definition{ID: id(SectionMirror, name), Statuses: statuses, Meaning: meaning, Remedy: remedy}
	}
	return []Definition{
		at("login", "whether KKP, nodes, and KKP for charts can pull with the credentials that they have, or without any", "", StatusOK),
		at("pull-secret-missing", "the mirror needs a login, and `spec.imagePullSecret` of the KubermaticConfiguration has no credentials for the mirror", "`patch-config --pull-secret`", StatusNotReady),
		at("pull-secret-refused", "the mirror refuses the credentials of `spec.imagePullSecret`, or of the Secret that KKP's operator makes of the field", "`patch-config --pull-secret`", StatusNotReady),
		at("charts-login-missing", "the mirror needs a login, and the Secret that `helmRegistryConfigFile` names has no credentials for the mirror", "`patch-config --helm-registry-secret`", StatusNotReady),
		at("charts-login-refused", "the mirror refuses the credentials of the Secret that `helmRegistryConfigFile` names", "`patch-config --helm-registry-secret`", StatusNotReady),
		at("nodes-login-missing", "the mirror needs a login, and nodes of user clusters have no credentials for the mirror (KKP 2.30.0 writes none to nodes)", "name a Secret in `spec.imagePullSecret` of the Cluster", StatusNotReady),
		at("nodes-login-refused", "the mirror refuses the credentials of nodes of user clusters", "correct the Secret that `spec.imagePullSecret` of the Cluster names", StatusNotReady),
		at("login-unknown", "credentials that could not be read or tried", "the reason says what is missing", StatusUnknown),
	}
}

// Login is somebody who pulls from a mirror, and what the mirror says to their credentials.
type Login struct {
	pullers.Puller

	Kind    LoginKind
	Target  images.Target
	Refused *pullers.Refused // an image that they could not pull; nil: they can pull all that were tried
}

// Tried returns the images with which a mirror is asked for somebody who needs some images: one for
// each repository, because registries give rights to repositories. Images that the mirror does not
// have are left out, unless the mirror has none: then one of them tells whether a login is refused.
func Tried(needs []images.Ref, target images.Target, answers map[images.Ref]Answer) []images.Ref {
	var tried []images.Ref
	known := map[string]bool{}
	for _, ref := range needs {
		place := target.Ref(ref)
		if known[place.Repository] || AnswerFor(ref, target, answers).Missing() {
			continue
		}
		known[place.Repository] = true
		tried = append(tried, ref)
	}
	if len(tried) == 0 && len(needs) > 0 {
		return needs[:1]
	}
	return tried
}

// AnswerFor returns what a mirror says about the copy of an image.
func AnswerFor(ref images.Ref, target images.Target, answers map[images.Ref]Answer) Answer {
	return answers[asked(target.Ref(ref))]
}

// Finding judges a login.
func (l Login) Finding() Finding {
	f := Finding{ID: id(SectionMirror, "login"), Status: StatusOK, Subject: l.Name}
	named := patch.HasCredentials(l.Docker, l.Target.Registry)
	switch {
	case l.Err != nil:
		return finding(id(SectionMirror, "login-unknown"), StatusUnknown, l.Name, "the credentials cannot be read: "+causeOf(l.Err),
			"give the user of the kubeconfig the right that the reason names, or correct the Secret")
	case l.Refused != nil && l.Refused.Class != images.ClassAuth:
		return finding(id(SectionMirror, "login-unknown"), StatusUnknown, l.Name, "the credentials could not be tried: "+l.Refused.Cause,
			cmp.Or(l.Refused.Class.Remedy(), "let this machine read the mirror, and check again"))
	case l.Refused != nil && !named:
		return finding(id(SectionMirror, string(l.Kind)+"-missing"), StatusNotReady, l.Name, "the mirror needs a login, and "+l.lacks(), l.remedy())
	case l.Refused != nil:
		return finding(id(SectionMirror, string(l.Kind)+"-refused"), StatusNotReady, l.Name,
			fmt.Sprintf("the mirror refuses the credentials for %s: %s", l.Refused.Ref, l.Refused.Cause), l.remedy())
	case named:
		f.Reason = "the mirror accepts the credentials"
	default:
		f.Reason = "the mirror needs no login"
	}
	return f
}

// lacks says which credentials are missing.
func (l Login) lacks() string {
	if l.Docker == nil {
		return l.Lacks
	}
	where := map[LoginKind]string{
		LoginKKP: "spec.imagePullSecret of the KubermaticConfiguration", LoginCharts: "the Secret that helmRegistryConfigFile names",
		LoginNodes: "the Secret that spec.imagePullSecret of the Cluster names",
	}[l.Kind]
	return where + " has no credentials for " + l.Target.Registry
}

// remedy says how credentials are set. Which credentials these are, only the user knows.
func (l Login) remedy() string {
	switch l.Kind {
	case LoginKKP:
		return fmt.Sprintf("write the login of a user who may pull into a docker configuration (docker --config DIR login %s), and set it: kubectl kkp-mirror patch-config %s --pull-secret DIR/config.json",
			l.Target.Registry, l.Target)
	case LoginCharts:
		return fmt.Sprintf("make a Secret of the type kubernetes.io/dockerconfigjson with the login in the namespace of KKP, and name it: kubectl kkp-mirror patch-config %s --helm-registry-secret NAME", l.Target)
	default:
		return l.Puller.Remedy
	}
}
