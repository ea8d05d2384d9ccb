package data

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// ConditionError is a condition that cannot hold or does not parse.
type ConditionError struct {
	// Subject is the component and the image, or the setting.
	Subject string
	// Field and Value are what is wrong.
	Field, Value string
}

func (e *ConditionError) Error() string {
	return fmt.Sprintf("%s: invalid %s %q", e.Subject, e.Field, e.Value)
}

// known holds the names that conditions may use.
type known struct {
	minors, providers, cni, releases map[string]bool
	// image matches a reference whose templates are resolved.
	image *regexp.Regexp
	// name and version are those of applications and their charts.
	name, version *regexp.Regexp
}

func (f *File) validate() error {
	if err := f.parseVersions(); err != nil {
		return err
	}
	names, err := f.known()
	if err != nil {
		return err
	}
	var errs []error
	seen := map[string]bool{}
	for _, c := range f.Components {
		errs = append(errs, validateComponent(c, names, seen)...)
	}
	for _, s := range f.Settings {
		errs = append(errs, f.validateSetting(s, names, seen)...)
	}
	for _, a := range f.Applications {
		errs = append(errs, f.validateApplication(a, names, seen)...)
	}
	return errors.Join(errs...)
}

// known collects what any release of the file knows.
func (f *File) known() (known, error) {
	names := known{
		minors: map[string]bool{}, providers: map[string]bool{}, cni: map[string]bool{},
		releases: map[string]bool{"": true},
		image:    regexp.MustCompile(`^[a-z0-9._/-]+(:[0-9]+/[a-z0-9._/-]+)?(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?$`),
		name:     regexp.MustCompile(`^[a-z0-9][a-z0-9-]*([./][a-z0-9-]+)*$`),
		version:  regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+_-]*$`),
	}
	for _, release := range f.Releases {
		names.releases[release.Version] = true
		for _, kubernetes := range release.Kubernetes {
			version, err := semver.StrictNewVersion(kubernetes)
			if err != nil {
				return names, fmt.Errorf("release %s: Kubernetes version %q: %w", release.Version, kubernetes, err)
			}
			names.minors[kubernetes] = true
			names.minors[fmt.Sprintf("%d.%d", version.Major(), version.Minor())] = true
		}
		for _, provider := range release.Providers {
			names.providers[provider] = true
		}
		for cni, versions := range release.CNI {
			for _, version := range versions {
				names.cni[strings.TrimSpace(cni+" "+version)] = true
			}
		}
	}
	return names, nil
}

func validateComponent(c Component, names known, seen map[string]bool) []error {
	var errs []error
	check := checker(c.Name, &errs)
	check("name", c.Name != "", c.Name)
	check("images", len(c.Images) > 0, "")
	check("runsOn", len(c.RunsOn) > 0, "")
	for _, place := range c.RunsOn {
		check("runsOn", slices.Contains([]string{"master", "seed", "user-cluster"}, place) && !seen[c.Name+" on "+place], place)
		seen[c.Name+" on "+place] = true
	}
	check("edition", validEdition(c.Edition), c.Edition)
	checkFeatures(check, c.Features)
	for _, e := range c.Images {
		key := fmt.Sprintf("%v %+v", c.RunsOn, e)
		check("duplicate", !seen[c.Name+key], e.Image)
		seen[c.Name+key] = true
		errs = append(errs, validateEntry(c.Name+" "+e.Image, e, names)...)
	}
	seen[c.Name] = true
	return errs
}

func validateEntry(subject string, e Entry, names known) []error {
	var errs []error
	check := checker(subject, &errs)
	check("image", names.validImage(e.Image), e.Image)
	check("kind", e.Kind == "" || e.Kind == KindChart, e.Kind)
	check("edition", validEdition(e.Edition), e.Edition)
	check("upstream", slices.Contains([]string{"", UpstreamMissing, UpstreamUnfiltered, UpstreamCharts}, e.Upstream), e.Upstream)
	check("since", names.releases[e.Since], e.Since)
	check("until", names.releases[e.Until], e.Until)
	check("except", len(e.Providers) == 0 || len(e.Except) == 0, "together with providers")
	for _, minor := range e.Kubernetes {
		check("kubernetes", names.minors[minor], minor)
	}
	for _, provider := range slices.Concat(e.Providers, e.Except) {
		check("provider", names.providers[provider], provider)
	}
	for _, pair := range e.CNI {
		check("cni", names.cni[pair], pair)
	}
	checkFeatures(check, e.Features)
	return errs
}

func (f *File) validateSetting(s Setting, names known, seen map[string]bool) []error {
	var errs []error
	check := checker(s.Object+" "+s.Field, &errs)
	check("object", s.Object == "KubermaticConfiguration" || s.Object == "Seed", s.Object)
	check("field", strings.HasPrefix(s.Field, "spec.") && !seen["setting "+s.Object+s.Field+s.Since], s.Field)
	seen["setting "+s.Object+s.Field+s.Since] = true
	check("repository", s.Repository != "", "")
	check("edition", validEdition(s.Edition), s.Edition)
	check("since", names.releases[s.Since], s.Since)
	check("until", names.releases[s.Until], s.Until)
	for _, component := range s.Components {
		check("component", seen[component], component)
	}
	return errs
}

func checkFeatures(check func(string, bool, string), features []string) {
	for _, feature := range features {
		check("feature", feature != "" && !strings.ContainsAny(feature, " ,"), feature)
	}
}

func checker(subject string, errs *[]error) func(field string, ok bool, value string) {
	return func(field string, ok bool, value string) {
		if !ok {
			*errs = append(*errs, &ConditionError{Subject: subject, Field: field, Value: value})
		}
	}
}

func validEdition(edition string) bool {
	return edition == "" || edition == "ce" || edition == "ee"
}

// validImage wants a tag or a digest, and no template but the known ones.
func (k known) validImage(image string) bool {
	resolved := strings.NewReplacer(KubernetesTemplate, "1.2.3", KKPTemplate, "v2.0.0").Replace(image)
	return k.image.MatchString(resolved) && strings.Contains(resolved[strings.LastIndex(resolved, "/")+1:], ":")
}
