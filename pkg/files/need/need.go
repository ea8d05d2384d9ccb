// Package need works out which operating system profiles and which machines an installation
// has or can get, has them traced, and puts together what they download. It knows the
// installation, the release and the catalog of default profiles. It reads nothing itself,
// and must not know how scripts are traced.
package need

import (
	"context"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Sources of files.
const (
	Configs  = "configs"  // OperatingSystemConfigs: what nodes of a MachineDeployment get
	Profiles = "profiles" // profiles that MachineDeployments, datacenters or files name
	Catalog  = "catalog"  // default profiles, as far as none is there to be traced
)

// Input is what files are wanted for.
type Input struct {
	Installation kkp.Installation
	Release      *catalog.Release
	// Clusters are the user clusters that each Seed has or can get, by the Seed's name, ""
	// if no Seed is known.
	Clusters      map[string][]catalog.Cluster
	Architectures []string // none: all
	All           bool     // all profiles, not only those that are in use
	// Trace traces a profile; nil: it is traced here.
	Trace func(context.Context, files.Request) (files.Answer, error)
}

// Find lists the files that new nodes download.
func Find(ctx context.Context, in Input) files.FileList {
	f := &finder{Input: in, jobs: map[string]*job{}, told: map[string]bool{}}
	f.defaultProfiles = sync.OnceValues(f.openDefaults)
	if len(f.Architectures) == 0 {
		f.Architectures = files.Architectures()
	}
	if f.Trace == nil {
		f.Trace = files.Trace
	}
	for _, unread := range in.Installation.Unread {
		switch unread.Part {
		case kkp.PartSeeds, kkp.PartClusters, kkp.PartProfiles:
			f.list.Gap(Profiles, unread.Subject, unread.Err.Error())
		}
	}
	f.choose()
	f.run(ctx)
	return f.list.List()
}

// finder finds files.
type finder struct {
	Input
	list  files.Builder
	jobs  map[string]*job // by object
	order []*job
	told  map[string]bool // gaps of the catalog

	defaultProfiles func() (defaultProfiles, error)
}

// job is a profile or config that is to be traced, for some machines.
type job struct {
	profile kkp.Profile
	source  string
	api     []string
	cases   []files.Case
	reasons [][]files.Reason // of each case
	answer  files.Answer
	err     error
}

// add wants a profile to be traced for a machine.
func (f *finder) add(source string, p kkp.Profile, c files.Case, reason files.Reason, api string) {
	key := source + " " + string(p.Object)
	j := f.jobs[key]
	if j == nil {
		j = &job{profile: p, source: source}
		f.jobs[key] = j
		f.order = append(f.order, j)
	}
	if api != "" {
		j.api = append(j.api, api)
	}
	reason.Source, reason.Profile, reason.OS = source, p.Name, p.OS
	if c.Kubernetes != "" {
		reason.Kubernetes = []string{c.Kubernetes}
	}
	for i, known := range j.cases {
		if known == c {
			j.reasons[i] = append(j.reasons[i], reason)
			return
		}
	}
	j.cases = append(j.cases, c)
	j.reasons = append(j.reasons, []files.Reason{reason})
}

// run traces all jobs, several at once, and adds what they found in their order.
func (f *finder) run(ctx context.Context) {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, j := range f.order {
		group.Go(func() error {
			j.answer, j.err = f.Trace(ctx, files.Request{Object: j.profile.Object, Cases: j.cases, API: j.api})
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in the jobs
	for _, j := range f.order {
		f.collect(j)
	}
}

// gaps adds the gaps of a profile: of a line in it, or of the whole profile.
func (f *finder) gaps(j *job, gaps []trace.Gap) {
	for _, g := range gaps {
		f.list.Gap(j.source, strings.TrimSpace(j.profile.Name+" "+g.Where), g.Text)
	}
}

// collect adds what a job found.
func (f *finder) collect(j *job) {
	if j.err != nil {
		f.list.Gap(j.source, j.profile.Name, j.err.Error())
		return
	}
	f.gaps(j, j.answer.Gaps)
	for i, found := range j.answer.Results {
		if i >= len(j.cases) {
			break
		}
		f.gaps(j, found.Gaps)
		for _, d := range found.Downloads {
			for _, reason := range j.reasons[i] {
				reason.Where = d.Where
				f.list.Add(d.URL, j.cases[i].Architecture, reason)
			}
		}
		f.install(j.profile, found)
	}
}

// install adds what is installed, by managers of packages.
func (f *finder) install(p kkp.Profile, found trace.Found) {
	sets := map[string]*files.PackageSet{}
	var order []string
	for _, pkg := range found.Packages {
		if sets[pkg.Manager] == nil {
			sets[pkg.Manager] = &files.PackageSet{OS: p.OS, OSVersion: osVersion(p), Manager: pkg.Manager, Profiles: []string{p.Name}}
			order = append(order, pkg.Manager)
		}
		sets[pkg.Manager].Packages = append(sets[pkg.Manager].Packages, pkg.Name)
	}
	for i, manager := range order {
		if i == 0 {
			for _, r := range found.Repositories {
				sets[manager].Repositories = append(sets[manager].Repositories, written(r.Entry, r.URL))
			}
		}
		f.list.Install(*sets[manager])
	}
}

// written is how a repository is written: with its address.
func written(entry, url string) string {
	if entry == "" {
		return url
	}
	return entry
}
