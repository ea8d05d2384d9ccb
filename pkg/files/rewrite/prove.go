package rewrite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/profile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// Proof is what is known of a rewritten profile.
type Proof struct {
	Files    []files.Item // that the machines download from Settings.Files
	Packages []files.Item // that the machines download from Settings.Packages; paths of the host
	Hosts    []Host       // that the machines ask, and that are no mirror
}

// Host is a host that the machines of a rewritten profile ask.
type Host struct {
	Name   string // "download.docker.com"
	Reason string // "packages: deb https://download.docker.com/linux/ubuntu noble stable"
}

// UnprovenError says what machines of a rewritten profile would do otherwise than those of the
// original, beside asking the mirror.
type UnprovenError struct {
	Profile  string
	Problems []string
}

func (e *UnprovenError) Error() string {
	return fmt.Sprintf("profile %s: the rewritten profile does not download everything from the mirror:\n  %s", e.Profile, strings.Join(e.Problems, "\n  "))
}

// prover compares the traces of the original and of the rewritten profile.
type prover struct {
	trace    Trace
	settings Settings
	name     string         // of the original
	original map[string]any // spec
	asked    int            // cases that the profile is for today; the others are of all kinds that it can make
	cases    []files.Case
	before   []trace.Found // of each case
	after    []trace.Found

	proof    Proof
	list     files.Builder
	problems []string
}

// newProver traces the original.
func newProver(ctx context.Context, trace Trace, original json.RawMessage, machines []files.Case, s Settings) (profile.Object, *prover, error) {
	o, err := profile.Read(original)
	if err != nil {
		return o, nil, err
	}
	p := &prover{trace: trace, settings: s, name: o.Metadata.Name, asked: len(machines), cases: slices.Concat(machines, files.AllCases(o, machines))}
	if p.original, err = specOf(original); err != nil {
		return o, nil, err
	}
	p.before, _, err = p.run(ctx, original)
	return o, p, err
}

// run traces all machines of a profile.
func (p *prover) run(ctx context.Context, object json.RawMessage) ([]trace.Found, []trace.Gap, error) {
	answer, err := p.trace(ctx, files.Request{Object: object, Cases: p.cases})
	if err != nil {
		return nil, nil, fmt.Errorf("profile %s: %w", p.name, err)
	}
	if len(answer.Results) != len(p.cases) {
		return nil, nil, fmt.Errorf("profile %s: %d machines are traced, not %d", p.name, len(answer.Results), len(p.cases))
	}
	return answer.Results, answer.Gaps, nil
}

// prove traces the rewritten profile and compares the profiles. The error is an *UnprovenError if
// they differ in more than they must.
func (p *prover) prove(ctx context.Context, rewritten json.RawMessage) (Proof, error) {
	spec, err := specOf(rewritten)
	if err != nil {
		return Proof{}, err
	}
	var gaps []trace.Gap
	if p.after, gaps, err = p.run(ctx, rewritten); err != nil {
		return Proof{}, err
	}
	p.untraced(gaps)
	for i := range p.cases {
		if i < p.asked {
			p.untraced(p.after[i].Gaps)
			p.collect(i)
		} else if len(p.before[i].Gaps)+len(p.after[i].Gaps) > 0 {
			continue // of no machine that is there
		}
		p.compare(i)
	}
	for _, difference := range differences(p.settings, p.original, spec) {
		p.problem("the rewriting changed more than addresses: %s", difference)
	}
	p.proof.Files = p.list.List().Items
	sortUnique(&p.proof.Packages, func(a, b files.Item) int { return cmp.Compare(a.Path, b.Path) })
	sortUnique(&p.proof.Hosts, func(a, b Host) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reason, b.Reason)) })
	if len(p.problems) > 0 {
		sortUnique(&p.problems, cmp.Compare[string])
		return p.proof, &UnprovenError{Profile: p.name, Problems: p.problems}
	}
	return p.proof, nil
}

func sortUnique[T any](list *[]T, compare func(a, b T) int) {
	slices.SortFunc(*list, compare)
	*list = slices.CompactFunc(*list, func(a, b T) bool { return compare(a, b) == 0 })
}

func (p *prover) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// untraced adds gaps: downloads that are not known cannot be proved to go to the mirror.
func (p *prover) untraced(gaps []trace.Gap) {
	for _, g := range gaps {
		p.problem("not traced: %s", strings.TrimPrefix(g.Where+": "+g.Text, ": "))
	}
}

// compare compares the downloads, packages and repositories of one machine.
func (p *prover) compare(i int) {
	wanted := map[string]bool{}
	for _, d := range p.before[i].Downloads {
		wanted[p.settings.mirrored(p.replaced(d.URL))] = true
	}
	for _, d := range p.after[i].Downloads {
		if p.settings.Files != "" && !p.isMirror(d.URL) {
			p.problem("%s downloads %s, which is not on the mirror", d.Where, d.URL)
		} else if !wanted[d.URL] {
			p.problem("%s downloads %s, which the original does not download", d.Where, d.URL)
		}
		delete(wanted, d.URL)
		if !p.isMirror(d.URL) {
			p.host(d.URL, "files: "+d.URL)
		}
	}
	for address := range wanted {
		p.problem("%s is not downloaded any more", address)
	}
	names := func(found trace.Found) (all []string) {
		for _, pkg := range found.Packages {
			all = append(all, pkg.Manager+" "+pkg.Name)
		}
		return all
	}
	if !slices.Equal(names(p.before[i]), names(p.after[i])) {
		p.problem("other packages are installed than with the original")
	}
	for _, r := range p.after[i].Repositories {
		p.repository(r)
	}
}

// replaced returns the address that machines of the rewritten profile download in place of one:
// the key for the .repo file of PackagesHost, because scripts write this file themselves.
func (p *prover) replaced(address string) string {
	repository, ok := strings.CutSuffix(address, "/docker-ce.repo")
	if _, ofPackages := packagesPath(address); ok && ofPackages && p.settings.Packages != "" {
		return repository + "/gpg"
	}
	return address
}

func (p *prover) isMirror(address string) bool {
	return below(address, p.settings.Files) || below(address, p.settings.Packages)
}

// repository checks a repository of packages. A .repo file that is fetched names the upstream
// host, wherever the file comes from.
func (p *prover) repository(r trace.Repository) {
	address := r.URL
	fetched, isFetched := strings.CutPrefix(r.Entry, "as in ")
	if isFetched {
		address = p.upstream(fetched)
	}
	switch _, ofPackages := packagesPath(address); {
	case below(address, p.settings.Packages):
	case ofPackages && p.settings.Packages != "" && isFetched:
		p.problem("%s fetches %s, which names https://%s again", r.Where, fetched, PackagesHost)
	case ofPackages && p.settings.Packages != "":
		p.problem("%s installs packages from %s, which is not the mirror", r.Where, address)
	default:
		p.host(address, "packages: "+cmp.Or(r.Entry, r.URL))
	}
}

// upstream returns the address whose copy an address of the mirror is.
func (p *prover) upstream(address string) string {
	if rest, ok := strings.CutPrefix(address, p.settings.Files+"/"); ok && p.settings.Files != "" {
		return "https://" + rest
	}
	return address
}

func (p *prover) host(address, reason string) {
	if parsed, err := url.Parse(address); err == nil && parsed.Host != "" {
		p.proof.Hosts = append(p.proof.Hosts, Host{parsed.Host, reason})
	}
}

// collect adds what the mirror must have for one machine.
func (p *prover) collect(i int) {
	reason := files.Reason{Source: "profiles", Profile: p.name, Kubernetes: []string{p.cases[i].Kubernetes}}
	for _, d := range p.before[i].Downloads {
		path, ofPackages := packagesPath(p.replaced(d.URL))
		switch {
		case ofPackages && p.settings.Packages != "":
			p.offered(path)
		case p.settings.Files != "":
			reason.Where = d.Where
			p.list.Add(d.URL, p.cases[i].Architecture, reason)
		}
	}
	for _, r := range p.after[i].Repositories {
		if suite := aptSuite(r); suite != "" && below(r.URL, p.settings.Packages) {
			p.offered(strings.TrimPrefix(r.URL, p.settings.Packages) + "/dists/" + suite + "/InRelease")
		}
	}
}

// offered adds a file that the mirror of packages must have.
func (p *prover) offered(path string) {
	p.proof.Packages = append(p.proof.Packages, files.Item{URL: p.settings.Packages + path, Path: strings.TrimPrefix(path, "/")})
}

// aptSuite returns the suite of an entry of apt: "noble" of "deb https://… noble stable".
func aptSuite(r trace.Repository) string {
	_, rest, found := strings.Cut(r.Entry, r.URL+" ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 2 || strings.ContainsAny(fields[0], "</") {
		return ""
	}
	return fields[0]
}
