package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/profile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// patch is a patch version that no template can name.
const patch = "9973"

// minors are those that a template may tell apart. The last stands for all that come.
func minors() []string {
	return []string{"1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37", "1.38", "1.39"}
}

// machine is a kind of machine, and what it downloads.
type machine struct {
	minor, provider string
	found           trace.Found // with placeholders in the addresses
}

// profileOf makes the data of a profile.
func profileOf(ctx context.Context, text []byte) (catalog.Profile, error) {
	object, err := yaml.YAMLToJSON(text)
	if err != nil {
		return catalog.Profile{}, err
	}
	o, err := profile.Read(object)
	if err != nil {
		return catalog.Profile{}, err
	}
	p := catalog.Profile{
		Name: o.Metadata.Name, Version: o.Spec.Version, OS: o.Spec.OSName, OSVersion: o.Spec.OSVersion, Providers: o.Providers(),
	}
	machines, err := traceAll(ctx, object, p.Providers)
	if err != nil {
		return p, err
	}
	for _, url := range keys(machines, func(f trace.Found) []string { return urls(f) }) {
		c, err := condition(machines, p.Providers, func(f trace.Found) bool { return slices.Contains(urls(f), url) })
		if err != nil {
			return p, fmt.Errorf("%s: %w", url, err)
		}
		p.Files = append(p.Files, catalog.File{URL: url, Where: whereIs(machines, url), Condition: c})
	}
	for _, name := range keys(machines, packages) {
		c, err := condition(machines, p.Providers, func(f trace.Found) bool { return slices.Contains(packages(f), name) })
		if err != nil {
			return p, fmt.Errorf("%s: %w", name, err)
		}
		manager, name, _ := strings.Cut(name, " ")
		p.Packages = append(p.Packages, catalog.Package{Name: name, Manager: manager, Condition: c})
	}
	for _, line := range keys(machines, repositories) {
		c, err := condition(machines, p.Providers, func(f trace.Found) bool { return slices.Contains(repositories(f), line) })
		if err != nil {
			return p, fmt.Errorf("%s: %w", line, err)
		}
		url, entry, _ := strings.Cut(line, " ")
		p.Repositories = append(p.Repositories, catalog.Repository{URL: url, Entry: entry, Condition: c})
	}
	return p, nil
}

// traceAll traces all kinds of machines. Both architectures must download the same, but for
// their names.
func traceAll(ctx context.Context, object []byte, providers []string) ([]machine, error) {
	var machines []machine
	var cases []files.Case
	for _, minor := range minors() {
		for _, provider := range providers {
			machines = append(machines, machine{minor: minor, provider: provider})
			for _, architecture := range files.Architectures() {
				cases = append(cases, files.Case{Kubernetes: minor + "." + patch, Provider: provider, Architecture: architecture})
			}
		}
	}
	answer, err := files.Trace(ctx, files.Request{Object: object, Cases: cases})
	if err != nil {
		return nil, err
	}
	if len(answer.Gaps) > 0 {
		return nil, fmt.Errorf("it has gaps: %v", answer.Gaps)
	}
	for i := range machines {
		amd64, arm64 := answer.Results[2*i], answer.Results[2*i+1]
		if len(amd64.Gaps)+len(arm64.Gaps) > 0 {
			return nil, fmt.Errorf("it has gaps: %v %v", amd64.Gaps, arm64.Gaps)
		}
		machines[i].found = templated(amd64, "amd64", machines[i].minor)
		if !slices.Equal(urls(machines[i].found), urls(templated(arm64, "arm64", machines[i].minor))) {
			return nil, errors.New("architectures differ in more than their names")
		}
	}
	return machines, nil
}

// templated puts placeholders into addresses.
func templated(f trace.Found, architecture, minor string) trace.Found {
	f.Downloads = slices.Clone(f.Downloads)
	for i := range f.Downloads {
		f.Downloads[i].URL = strings.NewReplacer(minor+"."+patch, "{kubernetes}", architecture, "{arch}").Replace(f.Downloads[i].URL)
	}
	return f
}

func urls(f trace.Found) []string {
	var all []string
	for _, d := range f.Downloads {
		all = append(all, d.URL)
	}
	slices.Sort(all)
	return all
}

func packages(f trace.Found) []string {
	var all []string
	for _, p := range f.Packages {
		all = append(all, p.Manager+" "+p.Name)
	}
	return all
}

func repositories(f trace.Found) []string {
	var all []string
	for _, r := range f.Repositories {
		all = append(all, r.URL+" "+r.Entry)
	}
	return all
}

// keys are all keys that any machine has, ordered.
func keys(machines []machine, of func(trace.Found) []string) []string {
	var all []string
	for _, m := range machines {
		all = append(all, of(m.found)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// whereIs is the file of the script that downloads an address.
func whereIs(machines []machine, url string) string {
	for _, m := range machines {
		for _, d := range m.found.Downloads {
			if d.URL == url {
				file, _, _ := strings.Cut(d.Where, ":")
				return file
			}
		}
	}
	return ""
}

// condition says which machines have something: those of some minors and of some providers.
// What the last minor has, all that come have.
func condition(machines []machine, providers []string, has func(trace.Found) bool) (catalog.Condition, error) {
	var c catalog.Condition
	var withMinor, withProvider []string
	for _, m := range machines {
		if has(m.found) {
			withMinor, withProvider = append(withMinor, m.minor), append(withProvider, m.provider)
		}
	}
	for _, minor := range minors() {
		if !slices.Contains(withMinor, minor) {
			c.Except = append(c.Except, minor)
		}
	}
	if all := minors(); !slices.Contains(withMinor, all[len(all)-1]) {
		c.Kubernetes, c.Except = slices.Compact(withMinor), nil
	}
	if withProvider = slices.Compact(slices.Sorted(slices.Values(withProvider))); len(withProvider) < len(providers) {
		c.Providers = withProvider
	}
	for _, m := range machines {
		if has(m.found) != c.For(m.minor+"."+patch, m.provider) {
			return c, errors.New("it depends on the minor and on the provider together")
		}
	}
	return c, nil
}
