package plugin

import (
	"bytes"
	"context"
	"crypto/x509"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
)

// pullersOf checks whether those who pull from the mirror can: with their credentials, and with the
// certificates that they trust. chain is the certificate of the mirror, none for plain HTTP.
func (s *checkState) pullersOf(ctx context.Context, needed images.Inventory, answers map[images.Ref]check.Answer, chain []*x509.Certificate) []check.Finding {
	var datacenters []patch.SeedDatacenter
	all, _ := patch.Datacenters(s.inst, patch.DatacenterChoice{All: true}) // none is no error here
	for _, dc := range all {
		if need.Provider(dc.Provider) != "" {
			datacenters = append(datacenters, dc)
		}
	}
	mirror := s.asPatch().mirrorOf(ctx, s.opened, "", kkp.SecretKey{})
	try := func(kind check.LoginKind, p pullers.Puller) check.Login {
		return s.tried(ctx, check.Login{Puller: p, Kind: kind, Target: s.target}, answers)
	}
	var findings []check.Finding
	for _, login := range slices.Concat(s.ofKKP(mirror, needed, try), s.ofNodes(ctx, datacenters, mirror, needed, try)) {
		if len(login.Needs) > 0 {
			findings = append(findings, login.Finding())
		}
	}
	if len(chain) > 0 {
		findings = append(findings, s.bundleTrust(mirror, chain).Finding())
		findings = append(findings, s.nodeTrust(ctx, datacenters, chain)...)
	}
	return findings
}

// trying asks the mirror as somebody will who pulls from it.
type trying func(check.LoginKind, pullers.Puller) check.Login

// ofKKP tries the credentials of KKP: for images, and for charts.
func (s *checkState) ofKKP(mirror pullers.Mirror, needed images.Inventory, try trying) []check.Login {
	mirror.BundleErr = nil // a check of its own
	ofKKP := pullers.KKP(s.inst, mirror, needed)
	logins := []check.Login{try(check.LoginKKP, ofKKP)}
	open := len(ofKKP.Docker) == 0 && logins[0].Refused == nil // the mirror needs no login
	if secret := s.inst.PullSecret; secret.Err != nil && !open || len(ofKKP.Docker) > 0 && secret.Config != nil && !bytes.Equal(bytes.TrimSpace(secret.Config), bytes.TrimSpace(ofKKP.Docker)) {
		copied := ofKKP
		copied.Name = "pods of KKP with the Secret " + secret.Name + ", which KKP's operator makes of spec.imagePullSecret"
		copied.Docker, copied.Err = secret.Config, secret.Err
		logins = append(logins, try(check.LoginKKP, copied))
	}
	return append(logins, try(check.LoginCharts, pullers.Charts(mirror, needed)))
}

// ofNodes tries the credentials of nodes of user clusters. They are read only if the mirror refuses
// requests without credentials, because each is a request to a user cluster.
func (s *checkState) ofNodes(ctx context.Context, datacenters []patch.SeedDatacenter, mirror pullers.Mirror, needed images.Inventory, try trying) []check.Login {
	anonymous := pullers.FutureNodes(nil, mirror, needed, s.release.Version())
	anonymous.Name = "the nodes of user clusters"
	login := try(check.LoginNodes, anonymous)
	if login.Refused == nil || login.Refused.Class != images.ClassAuth {
		return []check.Login{login}
	}
	var logins []check.Login
	for _, nodes := range pullers.Nodes(s.asPatch().nodes(ctx, s.opened, datacenters, nil), mirror, needed, s.release.Version()) {
		logins = append(logins, try(check.LoginNodes, nodes))
	}
	return logins
}

// tried asks the mirror with a login: for one image, and for the others if the mirror hands out that
// one, so that wrong credentials are sent once. The mirror is not asked again if it cannot be reached.
func (s *checkState) tried(ctx context.Context, login check.Login, answers map[images.Ref]check.Answer) check.Login {
	refs := check.Tried(login.Needs, s.target, answers)
	if login.Err != nil || len(refs) == 0 {
		return login
	}
	if ours := check.AnswerFor(refs[0], s.target, answers); !ours.There() && !ours.Missing() && ours.Class != images.ClassAuth {
		login.Refused = &pullers.Refused{Ref: refs[0], Class: ours.Class, Cause: ours.Cause}
		return login
	}
	asking := login.Puller
	asking.Trust = pullers.Trust{User: true} // certificates are a check of their own
	for _, some := range [][]images.Ref{refs[:1], refs[1:]} {
		asking.Needs = some
		refused, err := s.asPatch().refused(ctx, s.opened, asking)
		if err != nil {
			login.Err = err
			return login
		}
		refused = slices.DeleteFunc(refused, func(r pullers.Refused) bool { return r.Class == images.ClassNotFound })
		if len(refused) > 0 {
			login.Refused = &refused[0]
			return login
		}
	}
	return login
}

// bundleTrust verifies the certificate of the mirror with those that KKP trusts.
func (s *checkState) bundleTrust(mirror pullers.Mirror, chain []*x509.Certificate) check.BundleTrust {
	judged := check.BundleTrust{Name: kkp.CABundleName(s.inst.Configuration), Unverified: mirror.Unverified, Err: mirror.BundleErr}
	var roots *x509.CertPool
	if mirror.Bundle != nil {
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM(mirror.Bundle) // one without certificates trusts nobody
	}
	judged.Untrusted = trust(chain, roots, s.target.Registry)
	return judged
}

// nodeTrust judges whether nodes trust the certificate of the mirror: those that KKP does not manage,
// and the new nodes of each datacenter.
func (s *checkState) nodeTrust(ctx context.Context, datacenters []patch.SeedDatacenter, chain []*x509.Certificate) []check.Finding {
	untrusted := trust(chain, nil, s.target.Registry)
	if untrusted == nil || s.nodesTrust {
		return []check.Finding{check.NodeTrust{Subject: "all nodes", Declared: s.nodesTrust, Untrusted: untrusted}.Finding()}
	}
	unmanaged := check.NodeTrust{Subject: "the nodes of the master and the Seeds", Unmanaged: true, Untrusted: untrusted}
	findings := []check.Finding{unmanaged.Finding()}
	known, _ := s.profiles(ctx) // without them, no command is known
	for _, dc := range datacenters {
		judged := check.NodeTrust{
			Subject: "new nodes in datacenter " + dc.Name, Untrusted: untrusted, Accepted: slices.Contains(dc.Insecure, s.target.Registry),
		}
		s.profileTrust(dc, chain, &judged)
		if s.registry.CAFile != "" {
			judged.Command = s.profileCommand(known.settings[dc.Seed.Name])
		}
		findings = append(findings, judged.Finding())
	}
	return findings
}

// profileTrust adds which profiles of new nodes do not install the CA of the mirror.
func (s *checkState) profileTrust(dc patch.SeedDatacenter, chain []*x509.Certificate, judged *check.NodeTrust) {
	one := []patch.SeedDatacenter{dc}
	var uses []profiles.Use
	uses, judged.Problem = profiles.InUse(profiles.Query{Installation: s.inst, Kubernetes: s.release.DefaultKubernetes()}, one)
	for _, use := range uses {
		profile := use.Profile
		for _, made := range dc.Seed.Profiles {
			if from, ok := profiles.Original(made); ok && from == use.Profile.Name && len(unnamed(one, use, made)) == 0 {
				profile = made
			}
		}
		if trust(chain, withSystem(rewrite.Installed(profile.Object)), s.target.Registry) != nil {
			judged.Lacking = append(judged.Lacking, profile.Name)
		}
	}
}

// withSystem returns the certificates of the system with those of a text in PEM.
func withSystem(text []byte) *x509.CertPool {
	return trusted(nil, []string{string(text)})
}
