package plugin

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// checkInterval is the pause between two looks with --wait.
const checkInterval = 10 * time.Second

// checkSection is a section of the checks. To add one: a function that gathers, in a file of its
// own here, and functions that judge, in package check.
type checkSection struct {
	name  check.Section
	parts []kkp.Part // of the installation that the section reads, in addition to the configuration, Seeds and Clusters
	find  func(context.Context, *checkState) []check.Finding
}

// findings are what a section finds. Without a mirror, no section is ready but access, which needs none.
func (section checkSection) findings(ctx context.Context, s *checkState) []check.Finding {
	found := section.find(ctx, s)
	if section.name != check.SectionAccess && !s.hasMirror() {
		return slices.Insert(found, 0, check.NoMirror())
	}
	return found
}

// checkSections returns the sections. They are found concurrently.
func checkSections() []checkSection {
	return []checkSection{
		{check.SectionAccess, []kkp.Part{kkp.PartAccess}, findAccess},
		{check.SectionMirror, append(imageParts(), kkp.PartProfiles), findMirror},
		{check.SectionConfiguration, []kkp.Part{kkp.PartApps, kkp.PartReleases}, findConfiguration},
		{check.SectionDatacenters, append(imageParts(), kkp.PartProfiles), findDatacenters},
		{check.SectionReleases, []kkp.Part{kkp.PartReleases, kkp.PartAPI}, findReleases},
		{check.SectionRunning, []kkp.Part{kkp.PartPods}, findRunning},
		{check.SectionUpgrade, append(imageParts(), kkp.PartProfiles), findUpgrade},
	}
}

// checkSectionNames returns the names of the sections, for --only.
func checkSectionNames() []string {
	var names []string
	for _, section := range checkSections() {
		names = append(names, string(section.name))
	}
	return names
}

// sections returns the selected sections.
func (o checkOptions) sections() []checkSection {
	return slices.DeleteFunc(checkSections(), func(section checkSection) bool {
		return len(o.only) > 0 && !slices.Contains(o.only, string(section.name)) || section.name == check.SectionUpgrade && o.upgrade == ""
	})
}

func (o checkOptions) run(ctx context.Context) error {
	if err := checkReport(o.report); err != nil {
		return err
	}
	deadline, limits := time.Now().Add(o.wait), transfer.NewLimits(1)
	for {
		start := time.Now()
		report, about, err := o.look(ctx, limits)
		if err != nil {
			return err
		}
		if report.Ready || time.Now().Add(checkInterval).After(deadline) {
			return o.print(report, about, time.Since(start))
		}
		fmt.Fprintf(o.streams.ErrOut, "%s; checking again in %s\n", display.Lacking(report), checkInterval)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(checkInterval):
		}
	}
}

// look reads everything anew, and judges it. It returns the subject of a page, too.
func (o checkOptions) look(ctx context.Context, limits *transfer.Limits) (check.Report, display.Subject, error) {
	sections := o.sections()
	parts := noParts()
	for _, section := range sections {
		parts = append(parts, section.parts...)
	}
	if o.userClusters {
		parts = append(parts, kkp.PartUserPods, kkp.PartProfiles)
	}
	state, err := o.read(ctx, parts, limits)
	if err != nil {
		return check.Report{}, display.Subject{}, err
	}
	defer state.close()
	var mu sync.Mutex
	var group errgroup.Group
	findings := map[check.Section][]check.Finding{}
	for _, section := range sections {
		group.Go(func() error {
			found := section.findings(ctx, state)
			mu.Lock()
			defer mu.Unlock()
			findings[section.name] = found
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is a finding
	report := check.NewReport(findings, o.ignore)
	report.Target, report.Upgrade = state.targetName(), o.upgrade
	about := subject("Check of an installation", originOf(state.inst, releaseTitle(state.release)))
	about.Lock = state.lockDigest
	return report, about, ctx.Err()
}

// print prints a report, writes the file of --report, and returns a *PartialError unless the installation is ready.
func (o checkOptions) print(report check.Report, about display.Subject, took time.Duration) error {
	shown := report
	if o.quiet {
		shown = report.WithoutOK()
	}
	err := result{
		document: shown,
		review:   func() sheet { return display.ReviewChecks(about, shown) },
		text: func(out io.Writer) error {
			display.Checks(out, shown)
			display.Verdicts(out, report, took)
			return nil
		},
	}.print(o.streams.Out, o.output, o.report)
	if err != nil {
		return err
	}
	if report.Ready {
		return nil
	}
	return &PartialError{Message: "the installation is not ready: " + strings.TrimPrefix(display.Lacking(report), "not ready: ")}
}
