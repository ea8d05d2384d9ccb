package transfer_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// target checks that the check of a target leaves no upload session open.
func (s suite) target(t *testing.T) {
	r, requests := watched(t, reach(s.to))
	if err := r.CheckTarget(t.Context(), images.Ref{Registry: s.to.Host, Repository: "mirror/app", Tag: "v1"}); err != nil {
		t.Error(err)
	}
	if got := servertest.WithPrefix(requests.take(t, s.to), "DELETE "); len(got) != 1 {
		t.Errorf("the upload was not canceled: %v", got)
	}
}

// strangers checks the errors for missing credentials and untrusted certificates.
func (s suite) strangers(t *testing.T) {
	switch s.to.Kind {
	case servertest.TLS:
		s.untrusted(t)
	case servertest.Basic, servertest.Token:
		s.wrongPassword(t)
	}
}

func (s suite) untrusted(t *testing.T) {
	ref := images.Ref{Registry: s.to.Host, Repository: "nothing", Tag: "v1"}
	_, err := open(t, transfer.Config{CAs: x509.NewCertPool()}).Digest(t.Context(), ref)
	if failure.Classify(err) != images.ClassTLS {
		t.Errorf("unknown CA: %q is %q", err, failure.Classify(err))
	}
	_, err = open(t, transfer.Config{Insecure: []string{s.to.Host}}).Digest(t.Context(), ref)
	if failure.Classify(err) != images.ClassNotFound {
		t.Errorf("--insecure: %q is %q", err, failure.Classify(err))
	}
}

// wrongPassword checks that there are few attempts, because some accounts are locked after
// several.
func (s suite) wrongPassword(t *testing.T) {
	var refs []string
	for _, ref := range []string{"locked/a:1", "locked/b:1", "locked/c:1", "locked/d:1", "locked/e:1", "locked/f:1"} {
		s.from.Put(t, ref, servertest.NewImage(t, types.OCIManifestSchema1))
		refs = append(refs, ref)
	}
	stranger := *s.to
	stranger.Password = "wrong"
	cfg := reach(s.from, &stranger)
	r, requests := watched(t, cfg)
	err := r.CheckTarget(t.Context(), images.Ref{Registry: s.to.Host, Repository: "mirror/a", Tag: "1"})
	if asked := requests.entries(t, s.to); failure.Classify(err) != images.ClassAuth || len(asked) > 3 || strings.Contains(err.Error(), "wrong") {
		t.Errorf("CheckTarget: %v after %v", err, asked)
	}
	report := r.Copy(t.Context(), planBetween(t, s.from, s.to, refs...), transfer.Options{Jobs: 1})
	wantAll(t, report, images.Failed)
	for _, res := range report.Results {
		if res.Class != images.ClassAuth {
			t.Errorf("%s: %s", res.Class, res.Error)
		}
	}
	if asked := requests.entries(t, s.to); len(asked) > 8 {
		t.Errorf("with a wrong password: %v", asked)
	}
}
