package check

import (
	"fmt"
	"strings"
)

// trustDefinitions returns the checks of the section mirror that concern the certificate of the mirror.
func trustDefinitions() []Definition {
	at := func(name string, meaning, remedy string, statuses ...Status) Definition {
		return Definition{ID: id(SectionMirror, name), Statuses: statuses, Meaning: meaning, Remedy: remedy}
	}
	return []Definition{
		at("ca-bundle", "whether KKP, which pulls charts, trusts the certificate of the mirror by its caBundle", "add the CA to the ConfigMap that `spec.caBundle` names", StatusOK, StatusNotReady, StatusUnknown),
		at("nodes-trust", "whether nodes trust the certificate of the mirror by the certificates of their system, by those that their operating system profile installs, or by a setting of their datacenter", "`patch-seed DATACENTER --node-ca-file`, or declare the trust with --nodes-trust-mirror", StatusOK, StatusWarning, StatusNotReady, StatusUnknown),
	}
}

// BundleTrust is what is known of the certificates that KKP trusts.
type BundleTrust struct {
	Name       string // of the ConfigMap: "kubermatic/ca-bundle"
	Unverified bool   // KKP is told not to verify the certificate of the mirror
	Untrusted  error  // why the bundle does not verify the certificate; nil: it does
	Err        error  // why the bundle could not be read
}

// Finding judges whether KKP trusts the certificate of the mirror where it pulls charts.
func (b BundleTrust) Finding() Finding {
	check, subject := id(SectionMirror, "ca-bundle"), "the CA bundle of KKP (ConfigMap "+b.Name+")"
	switch {
	case b.Err != nil:
		return finding(check, StatusUnknown, subject, causeOf(b.Err), "give the user of the kubeconfig the right to read the ConfigMap")
	case b.Unverified:
		return finding(check, StatusOK, subject, "KKP does not verify the certificate of the mirror, as --insecure says", "")
	case b.Untrusted != nil:
		return finding(check, StatusNotReady, subject, fmt.Sprintf("KKP, which pulls charts, does not trust the certificate of the mirror: %v", b.Untrusted),
			"add the CA of the mirror to the key ca-bundle.pem of the ConfigMap that spec.caBundle names. The bundle replaces the certificates of the system: keep the CAs that are in use")
	}
	return finding(check, StatusOK, subject, "KKP trusts the certificate of the mirror", "")
}

// NodeTrust is what is known of the certificates that new nodes trust: those of a datacenter, or those
// that KKP does not manage.
type NodeTrust struct {
	Subject   string   // "new nodes in datacenter eu"
	Unmanaged bool     // KKP does not make these nodes: no API tells which certificates they trust
	Accepted  bool     // a setting of the datacenter accepts any certificate of the mirror
	Declared  bool     // the user says that nodes trust the certificate (--nodes-trust-mirror)
	Lacking   []string // profiles of new nodes that do not install the CA
	Untrusted error    // why the certificates of systems do not verify that of the mirror; nil: they do
	Problem   error    // why the profiles of new nodes are not known
	Command   string   // has the profiles install the CA; "": none is known
}

// Finding judges whether nodes trust the certificate of the mirror.
func (n NodeTrust) Finding() Finding {
	check := id(SectionMirror, "nodes-trust")
	ok := func(reason string) Finding { return finding(check, StatusOK, n.Subject, reason, "") }
	switch {
	case n.Untrusted == nil:
		return ok("the certificate of the mirror is signed by a CA that the system of this machine trusts, and nodes usually do")
	case n.Accepted:
		return ok("insecureRegistries of the datacenter has the mirror: its certificate is not verified")
	case n.Declared:
		return ok("declared with --nodes-trust-mirror")
	case n.Unmanaged:
		return finding(check, StatusWarning, n.Subject, fmt.Sprintf("the certificate of the mirror is not signed by a CA of the system (%v), and no API tells which certificates these nodes trust", n.Untrusted),
			"install the CA of the mirror on these nodes, and declare it with --nodes-trust-mirror")
	case len(n.Lacking) > 0:
		f := finding(check, StatusNotReady, n.Subject, fmt.Sprintf("do not trust the certificate of the mirror: %s %s no CA that has signed it", strings.Join(n.Lacking, ", "), installs(len(n.Lacking))),
			"let new nodes install the CA of the mirror (patch-seed DATACENTER --node-ca-file FILE), or install it in the images of their operating system, and declare that with --nodes-trust-mirror")
		f.Remedy.Command = n.Command
		return f
	case n.Problem != nil:
		return finding(check, StatusUnknown, n.Subject, "which certificates their operating system profiles install is not known: "+causeOf(n.Problem), "the reason says what is missing")
	}
	return ok("their operating system profiles install the CA of the mirror")
}

func installs(n int) string {
	if n == 1 {
		return "installs"
	}
	return "install"
}
