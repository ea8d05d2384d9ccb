package check

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// soon is how long before its end a certificate is worth knowing.
const soon = 30 * 24 * time.Hour

// mirrorDefinitions returns the checks of the section mirror.
func mirrorDefinitions() []Definition {
	at := func(name string, meaning, remedy string, statuses ...Status) Definition {
		return Definition{ID: id(SectionMirror, name), Statuses: statuses, Meaning: meaning, Remedy: remedy}
	}
	return slices.Concat([]Definition{
		at("registry", "which mirror the installation is pointed at", "name the mirror: `check REGISTRY`, then `patch-config REGISTRY`", StatusOK, StatusNotReady),
		at("reachable", "whether this machine reaches the mirror", "repair the connection, the certificate or the login that the reason names", StatusOK, StatusNotReady),
		at("certificate", "the certificate of the mirror: trusted by this machine, and valid for 30 days more", "renew the certificate, or pass its CA with --ca-file", StatusOK, StatusWarning, StatusNotReady),
		at("images", "how many images and charts are in the mirror, with the known digests", "", StatusOK),
		at("image-missing", "an image or chart that the mirror lacks", "`sync`", StatusNotReady),
		at("image-different", "an image or chart whose digest in the mirror is not that of the lock or of the reference", "`sync`", StatusNotReady),
		at("place-missing", "an image that the mirror lacks in its second place", "`sync`", StatusNotReady),
		at("image-unknown", "images that could not be looked up", "repair the access of this machine to the mirror", StatusUnknown),
		at("list", "a gap in the list of images", "remove the cause of the gap", StatusUnknown),
	}, sourcesDefinitions(SectionMirror, "`sync`"), loginDefinitions(), trustDefinitions())
}

// NoMirror is the finding for an installation that names no mirror.
func NoMirror() Finding {
	return Finding{
		ID: id(SectionMirror, "registry"), Status: StatusNotReady, Subject: "the mirror of this installation",
		Reason: "no field of the KubermaticConfiguration names a mirror",
		Remedy: &Remedy{Text: "name the mirror as argument (kubectl kkp-mirror check REGISTRY), and point KKP at it with patch-config"},
	}
}

// FoundMirror is the finding for the mirror that is checked.
func FoundMirror(named Named) Finding {
	return Finding{ID: id(SectionMirror, "registry"), Status: StatusOK, Subject: named.Target.String(), Reason: named.String()}
}

// Reachable judges whether a mirror answers, by its answer to one reference: an answer that the
// reference does not exist is an answer, too.
func Reachable(target images.Target, answer Answer) Finding {
	f := Finding{ID: id(SectionMirror, "reachable"), Status: StatusOK, Subject: target.Registry, Reason: "answers"}
	if answer.There() || answer.Missing() {
		return f
	}
	f.Status, f.Reason = StatusNotReady, answer.Cause
	f.Remedy = &Remedy{Text: cmp.Or(answer.Class.Remedy(), "let this machine read the mirror, and check again")}
	return f
}

// Certificate is what is known of the TLS certificate of a mirror.
type Certificate struct {
	Host      string              // host[:port]
	Chain     []*x509.Certificate // as the server sends it, its own first; none: the server speaks plain HTTP
	Untrusted error               // why this machine does not trust it; nil: it does
	Accepted  bool                // the user accepts whatever certificate the mirror has (--insecure)
	Now       time.Time
}

// Finding judges a certificate.
func (c Certificate) Finding() Finding {
	f := Finding{ID: id(SectionMirror, "certificate"), Status: StatusOK, Subject: c.Host}
	if len(c.Chain) == 0 {
		f.Status, f.Reason = StatusWarning, "speaks plain HTTP: KKP pulls no charts that way, and nodes need a setting for it"
		f.Remedy = &Remedy{Text: "serve the mirror with TLS"}
		return f
	}
	end := c.Chain[0].NotAfter
	until := end.UTC().Format("2006-01-02 15:04 MST")
	switch {
	case c.Now.After(end):
		f.Status, f.Reason = StatusNotReady, "the certificate has expired on "+until
		f.Remedy = &Remedy{Text: "renew the certificate of the mirror"}
	case c.Untrusted != nil && c.Accepted:
		f.Status, f.Reason = StatusWarning, fmt.Sprintf("--insecure accepts the certificate, which this machine does not trust: %v", c.Untrusted)
		f.Remedy = &Remedy{Text: "use a certificate whose CA you can pass with --ca-file"}
	case c.Untrusted != nil:
		f.Status, f.Reason = StatusNotReady, fmt.Sprintf("this machine does not trust the certificate: %v", c.Untrusted)
		f.Remedy = &Remedy{Text: "pass the CA of the mirror with --ca-file, or add the CA to the certificates of this machine"}
	case end.Sub(c.Now) < soon:
		f.Status, f.Reason = StatusWarning, "the certificate expires on "+until
		f.Remedy = &Remedy{Text: "renew the certificate of the mirror"}
	default:
		f.Reason = "this machine trusts the certificate, which is valid until " + until
	}
	return f
}
