package plugin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// findMirror checks the mirror: whether it answers, its certificate, and its content.
func findMirror(ctx context.Context, s *checkState) []check.Finding {
	if !s.hasMirror() {
		return nil
	}
	findings := []check.Finding{check.FoundMirror(s.mirror)}
	inv, err := s.needed(ctx)
	if err != nil {
		return findings // interrupted
	}
	content := check.Content{
		Section: check.SectionMirror, Inventory: inv, Target: s.target, Digests: s.digests(),
		Copy: s.command("sync", s.excluded()...), CopyLock: s.command("sync", "--images", s.list),
	}
	places := check.Places(inv, s.target)
	content.Answers = s.answersOf(ctx, places)
	content.Sources = s.sources(ctx, content.WithoutDigest())
	if len(places) > 0 {
		findings = append(findings, check.Reachable(s.target, content.Answers[places[0]]))
	}
	chain, err := certificatesOf(ctx, s.target, s.registry.Timeout)
	if err == nil {
		findings = append(findings, s.certificate(chain).Finding())
	}
	findings = append(findings, s.pullersOf(ctx, inv, content.Answers, chain)...)
	return append(findings, content.Findings()...)
}

// answersOf asks the mirror about references: about the others only if it answers to the first.
func (s *checkState) answersOf(ctx context.Context, refs []images.Ref) map[images.Ref]check.Answer {
	if len(refs) == 0 {
		return nil
	}
	first := s.ask(ctx, refs[:1])[refs[0]]
	if check.Reachable(s.target, first).Status != check.StatusOK {
		return alike(refs, first) // each other request would fail for the same reason
	}
	return s.ask(ctx, refs)
}

// alike returns the same answer for all references.
func alike(refs []images.Ref, answer check.Answer) map[images.Ref]check.Answer {
	answers := map[images.Ref]check.Answer{}
	for _, ref := range refs {
		answers[ref] = answer
	}
	return answers
}

// certificate judges the certificate of the mirror.
func (s *checkState) certificate(chain []*x509.Certificate) check.Certificate {
	c := check.Certificate{Host: s.target.Registry, Chain: chain, Now: time.Now(), Accepted: transfer.IsNamed(s.registry.Insecure, s.target.Registry)}
	if len(chain) > 0 {
		c.Untrusted = trust(chain, s.registry.CAs, s.target.Registry)
	}
	return c
}

// certificatesOf returns the certificates of a registry, its own first; none if the registry speaks
// plain HTTP. The request has no credentials, so that nothing depends on the certificate.
func certificatesOf(ctx context.Context, target images.Target, limit time.Duration) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	transport := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, //nolint:gosec // the certificate is what is read, and it is judged later
		DisableKeepAlives: true,
	}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://"+target.Registry+"/v2/", http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent())
	resp, err := client.Do(req)
	if plain := new(tls.RecordHeaderError); errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, plain) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return resp.TLS.PeerCertificates, resp.Body.Close()
}

// trust verifies the certificates of a host with some CAs, nil for those of the system.
func trust(chain []*x509.Certificate, roots *x509.CertPool, registry string) error {
	host, _, err := net.SplitHostPort(registry)
	if err != nil {
		host = registry // without a port
	}
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: intermediates})
	return err
}
