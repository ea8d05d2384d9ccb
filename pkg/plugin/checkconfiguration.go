package plugin

import (
	"context"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
)

// findConfiguration checks what leads KKP to the mirror: the fields that patch-config sets, and what
// no field redirects.
func findConfiguration(ctx context.Context, s *checkState) []check.Finding {
	if !s.hasMirror() {
		return nil
	}
	fields, err := s.fields(ctx)
	if err != nil {
		return []check.Finding{check.Unread(check.SectionConfiguration, "fields of the KubermaticConfiguration and of the Seeds", err)}
	}
	findings := append(check.UnknownFields(s.inst.Unread), fields.Findings()...)
	if operator, deployed := s.operator(ctx); deployed {
		findings = append(findings, operator)
	}
	findings = append(findings, check.BackupContainers(s.inst.Configuration, s.target)...)
	if s.inst.Configuration.Spec.FeatureGates[kkp.ExternalCatalog] {
		catalogs, err := kkp.ListApplicationCatalogs(ctx, s.master)
		findings = append(findings, check.Catalogs(catalogs, err, s.target)...)
	}
	return findings
}

// fields computes what patch-config would do.
func (s *checkState) fields(ctx context.Context) (check.Fields, error) {
	config := patchConfigOptions{patchOptions: s.asPatch()}
	plan, _, err := config.plan(ctx, s.opened)
	if err != nil {
		return check.Fields{}, err
	}
	changes, err := s.editor.ComputeAll(ctx, plan.Objects)
	if err != nil {
		return check.Fields{}, err
	}
	fields := check.Fields{Omitted: plan.Omitted, Unknown: map[string][]string{}, Command: s.patchConfigCommand, Print: s.printFieldCommand}
	for _, e := range changes {
		fields.Same += len(e.Change.Same)
		fields.Changes = append(fields.Changes, changedFields(e)...)
		fields.Unknown[e.Kind] = pathNames(patch.UnknownRepositories(e.Kind, e.Schema, s.release))
	}
	return fields, nil
}

// changedFields returns the fields of a change, with the other managers that own them.
func changedFields(e edit.Edited) []check.Field {
	var fields []check.Field
	for _, one := range e.Change.Edits {
		fields = append(fields, check.Field{
			Object: e.Kind + " " + e.Change.Live.GetName(), Path: one.Path.String(), Live: one.Path.Lookup(e.Change.Live.Object), Wanted: one.Value,
			Owners: e.Owners(one.Path),
		})
	}
	return fields
}

// patchConfigCommand sets all fields except those of other managers.
func (s *checkState) patchConfigCommand(except []string) string {
	args := s.changing()
	for _, field := range except {
		args = append(args, "--except", field)
	}
	return s.command("patch-config", args...)
}

// printFieldCommand prints a field, for a tool that owns the field.
func (s *checkState) printFieldCommand(field string) string {
	return s.command("patch-config", "--only", field, "--dry-run=client", "-o", "yaml")
}

// changing are the flags of a command that changes the installation.
func (s *checkState) changing() []string { return append(s.mirrored(), "-y") }

// mirrored are the flags with what this run knows of the images and of the mirror.
func (s *checkState) mirrored() []string {
	args := s.excluded()
	if s.list != "" {
		args = append(args, "--images", s.list)
	}
	if s.nodesTrust {
		args = append(args, "--nodes-trust-mirror")
	}
	return args
}

// operator judges the Deployment of KKP's operator. deployed is false without that Deployment.
func (s *checkState) operator(ctx context.Context) (finding check.Finding, deployed bool) {
	images, err := kkp.OperatorImages(ctx, s.master, s.inst.Configuration.Namespace)
	if err == nil && len(images) == 0 {
		return check.Finding{}, false
	}
	release := ""
	for _, r := range s.inst.Releases {
		if r.ChartName == "kubermatic-operator" {
			release = r.ID()
		}
	}
	return check.Operator(images, err, s.target, release, s.patchHelmCommand(release)), true
}

// patchHelmCommand redirects the images of a Helm release.
func (s *checkState) patchHelmCommand(release string) string {
	return s.command("patch-helm", release, "--apply", "-y")
}
