package check_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
)

const (
	namesMirror = `{"auths": {"mirror.example": {"auth": "bmV3"}}}`
	namesOther  = `{"auths": {"quay.io": {"auth": "bmV3"}}}`
)

// TestLogin takes one thing after the other away from somebody who can pull.
func TestLogin(t *testing.T) {
	needed := images.Inventory{Images: []images.Image{
		{Ref: ref(t, "quay.io/a/b:1"), Reasons: []images.Reason{{Source: "components"}, {Source: "addons"}}}, {Ref: ref(t, "quay.io/charts/cilium:1"), Kind: images.KindChart},
	}}
	mirrored := pullers.Mirror{Host: "mirror.example"}
	of := func(kind check.LoginKind, docker, version string) check.Login {
		l := check.Login{Kind: kind, Target: mirror()}
		m := mirrored
		switch kind {
		case check.LoginKKP:
			m.PullSecret = []byte(docker)
			l.Puller = pullers.KKP(kkp.Installation{}, m, needed)
		case check.LoginCharts:
			m.ChartsSecret = []byte(docker)
			l.Puller = pullers.Charts(m, needed)
		default:
			l.Puller = pullers.Nodes([]pullers.Node{{NodeLogin: kkp.NodeLogin{Cluster: kkp.Cluster{Name: "c1"}, Config: []byte(docker)}}}, m, needed, version)[0]
		}
		if docker == "" {
			l.Docker = nil
		}
		return l
	}
	refused := &pullers.Refused{Ref: ref(t, "quay.io/a/b:1"), Class: images.ClassAuth, Cause: "401 unauthorized"}
	for name, tt := range map[string]struct {
		login   check.Login
		refused *pullers.Refused
		want    string
	}{
		"KKP":                {of(check.LoginKKP, namesMirror, ""), nil, "ok | mirror.login | KKP (on the master and the Seeds, with the control planes of user clusters) | the mirror accepts the credentials"},
		"no login is needed": {of(check.LoginNodes, "", "v2.31.0"), nil, "ok | mirror.login | the nodes of the user cluster c1 | the mirror needs no login"},
		"no pull secret":     {of(check.LoginKKP, "", ""), refused, "not ready | mirror.pull-secret-missing | KKP (on the master and the Seeds, with the control planes of user clusters) | the mirror needs a login, and the KubermaticConfiguration has no imagePullSecret"},
		"another registry":   {of(check.LoginKKP, namesOther, ""), refused, "not ready | mirror.pull-secret-missing | KKP (on the master and the Seeds, with the control planes of user clusters) | the mirror needs a login, and spec.imagePullSecret of the KubermaticConfiguration has no credentials for mirror.example"},
		"a wrong password":   {of(check.LoginKKP, namesMirror, ""), refused, "not ready | mirror.pull-secret-refused | KKP (on the master and the Seeds, with the control planes of user clusters) | the mirror refuses the credentials for quay.io/a/b:1: 401 unauthorized"},
		"charts":             {of(check.LoginCharts, "", ""), refused, "not ready | mirror.charts-login-missing | KKP (for the charts of its applications) | the mirror needs a login, and the KubermaticConfiguration has no helmRegistryConfigFile"},
		"charts, refused":    {of(check.LoginCharts, namesMirror, ""), refused, "not ready | mirror.charts-login-refused | KKP (for the charts of its applications) | "},
		"nodes":              {of(check.LoginNodes, namesOther, "v2.31.0"), refused, "not ready | mirror.nodes-login-missing | the nodes of the user cluster c1 | the mirror needs a login, and the Secret that spec.imagePullSecret of the Cluster names has no credentials for mirror.example"},
		"nodes, refused":     {of(check.LoginNodes, namesMirror, "v2.31.0"), refused, "not ready | mirror.nodes-login-refused | the nodes of the user cluster c1 | "},
		"nodes of 2.30.0":    {of(check.LoginNodes, namesMirror, "v2.30.0"), refused, "not ready | mirror.nodes-login-missing | the nodes of the user cluster c1 | the mirror needs a login, and KKP 2.30.0 does not write credentials to nodes"},
		"nodes of 2.30.1":    {of(check.LoginNodes, namesMirror, "v2.30.1"), nil, "ok | mirror.login | the nodes of the user cluster c1 | the mirror accepts the credentials"},
		"no connection":      {of(check.LoginKKP, namesMirror, ""), &pullers.Refused{Class: images.ClassNetwork, Cause: "no route"}, "unknown | mirror.login-unknown | KKP (on the master and the Seeds, with the control planes of user clusters) | the credentials could not be tried: no route"},
	} {
		tt.login.Refused = tt.refused
		expect(t, name, told(t, []check.Finding{tt.login.Finding()}), tt.want)
		if strings.Contains(tt.login.Finding().Reason, "bmV3") {
			t.Errorf("%s: the finding quotes credentials", name)
		}
	}
	unread := of(check.LoginNodes, namesMirror, "v2.31.0")
	unread.Err = errors.New("secrets is forbidden")
	expect(t, "unread", told(t, []check.Finding{unread.Finding()}), "unknown | mirror.login-unknown | the nodes of the user cluster c1 | the credentials cannot be read: secrets is forbidden")
}

// TestTried asks once for each repository that the mirror has.
func TestTried(t *testing.T) {
	needs := []images.Ref{ref(t, "quay.io/a/b:1"), ref(t, "quay.io/a/b:2"), ref(t, "docker.io/library/alpine:3"), ref(t, "ghcr.io/gone:1")}
	gone := check.Answer{Class: images.ClassNotFound}
	answers := map[images.Ref]check.Answer{
		ref(t, "mirror.example/kkp/a/b:1"): gone, ref(t, "mirror.example/kkp/a/b:2"): {Digest: digestA}, ref(t, "mirror.example/kkp/library/alpine:3"): {Class: images.ClassAuth}, ref(t, "mirror.example/kkp/gone:1"): gone,
	}
	got := check.Tried(needs, mirror(), answers)
	if len(got) != 2 || got[0] != needs[1] || got[1] != needs[2] {
		t.Errorf("got %v", got)
	}
	for ref := range answers {
		answers[ref] = gone
	}
	if got := check.Tried(needs, mirror(), answers); len(got) != 1 || got[0] != needs[0] {
		t.Errorf("of an empty mirror: %v", got)
	}
	if got := check.Tried(nil, mirror(), answers); len(got) != 0 {
		t.Errorf("for nobody: %v", got)
	}
}

func TestBundleTrust(t *testing.T) {
	const subject = " | mirror.ca-bundle | the CA bundle of KKP (ConfigMap kubermatic/ca-bundle) | "
	unknown := errors.New("x509: unknown authority")
	for name, tt := range map[string]struct {
		bundle check.BundleTrust
		want   string
	}{
		"trusts":      {check.BundleTrust{}, "ok" + subject + "KKP trusts"},
		"unverified":  {check.BundleTrust{Untrusted: unknown, Unverified: true}, "ok" + subject + "KKP does not verify"},
		"lacks":       {check.BundleTrust{Untrusted: unknown}, "not ready" + subject + "KKP, which pulls charts, does not trust the certificate of the mirror: x509: unknown authority"},
		"cannot read": {check.BundleTrust{Untrusted: unknown, Err: errors.New("forbidden")}, "unknown" + subject + "forbidden"},
	} {
		tt.bundle.Name = "kubermatic/ca-bundle"
		expect(t, name, told(t, []check.Finding{tt.bundle.Finding()}), tt.want)
	}
}

func TestNodeTrust(t *testing.T) {
	const subject = " | mirror.nodes-trust | new nodes in datacenter eu | "
	unknown := errors.New("x509: unknown authority")
	for name, tt := range map[string]struct {
		nodes check.NodeTrust
		want  string
	}{
		"a public CA": {check.NodeTrust{Lacking: []string{"osp-ubuntu"}}, "ok" + subject + "the certificate of the mirror is signed by a CA that the system"},
		"installed":   {check.NodeTrust{Untrusted: unknown}, "ok" + subject + "their operating system profiles install"},
		"accepted":    {check.NodeTrust{Untrusted: unknown, Accepted: true, Lacking: []string{"osp-ubuntu"}}, "ok" + subject + "insecureRegistries"},
		"declared":    {check.NodeTrust{Untrusted: unknown, Declared: true, Lacking: []string{"osp-ubuntu"}}, "ok" + subject + "declared"},
		"lacking":     {check.NodeTrust{Untrusted: unknown, Lacking: []string{"osp-flatcar", "osp-ubuntu"}}, "not ready" + subject + "do not trust the certificate of the mirror: osp-flatcar, osp-ubuntu install no CA"},
		"unmanaged":   {check.NodeTrust{Untrusted: unknown, Unmanaged: true}, "warning" + subject + "the certificate of the mirror is not signed by a CA of the system (x509: unknown authority)"},
		"not known":   {check.NodeTrust{Untrusted: unknown, Problem: errors.New("no profile")}, "unknown" + subject + "which certificates"},
	} {
		tt.nodes.Subject, tt.nodes.Command = "new nodes in datacenter eu", "patch-seed eu"
		f := tt.nodes.Finding()
		expect(t, name, told(t, []check.Finding{f}), tt.want)
		if f.Status == check.StatusNotReady && f.Remedy.Command != "patch-seed eu" {
			t.Errorf("%s: %+v", name, f.Remedy)
		}
	}
}
