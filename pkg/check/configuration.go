package check

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/mask"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

// configurationDefinitions returns the checks of the section configuration.
func configurationDefinitions() []Definition {
	at := func(name string, meaning, remedy string, statuses ...Status) Definition {
		return Definition{ID: id(SectionConfiguration, name), Statuses: statuses, Meaning: meaning, Remedy: remedy}
	}
	return []Definition{
		at("fields", "how many fields have the value that leads to the mirror", "", StatusOK),
		at("field", "a field of the KubermaticConfiguration or of a Seed that `patch-config` would change", "`patch-config`", StatusNotReady),
		at("field-owned", "the same, of a field that another manager owns, such as a GitOps controller", "change the field there, or take it over: `patch-config --force-conflicts`", StatusNotReady),
		at("field-impossible", "fields that no value leads to the mirror", "the reason says what must change first", StatusNotReady),
		at("field-new", "repository fields of this KKP that this version of the plugin does not know", "set the fields yourself, and update the plugin", StatusWarning),
		at("operator", "the images of the Deployment kubermatic-operator", "`patch-helm`, or the tool that installs the chart", StatusOK, StatusNotReady, StatusUnknown),
		at("backup-container", "the image of an own container for etcd backups, which no setting redirects", "write the name of the image in the mirror into the field", StatusOK, StatusNotReady),
		at("external-catalog", "the repository of the charts of an external ApplicationCatalog", "set `spec.helm.repositorySettings.baseURL`", StatusOK, StatusNotReady, StatusUnknown),
		at("unknown", "objects that could not be read", "get the permission that the reason names", StatusUnknown),
	}
}

// Field is a field that patch-config would change.
type Field struct {
	Object string // "KubermaticConfiguration kubermatic", "Seed frankfurt"
	Path   string // "spec.ui.dockerRepository"
	Live   any    // nil: the field is not set
	Wanted any
	Owners []string // other managers that own the field
}

// Fields is what patch-config would do.
type Fields struct {
	Changes []Field
	Same    int // fields that have the wanted value
	Omitted []patch.Omission
	Unknown map[string][]string // repository fields that this version does not know, by kind

	// Command is the command that changes the fields except some.
	Command func(except []string) string
	// Print is the command that prints one field, for those who own the field.
	Print func(field string) string
}

// Findings judges the fields. A command changes all fields at once, without those of other managers.
func (f Fields) Findings() []Finding {
	var owned []string
	for _, field := range f.Changes {
		if path := field.name(); len(field.Owners) > 0 && !slices.Contains(owned, path) {
			owned = append(owned, path)
		}
	}
	slices.Sort(owned)
	var findings []Finding
	if f.Same > 0 {
		findings = append(findings, Finding{
			ID: id(SectionConfiguration, "fields"), Status: StatusOK, Subject: plural(f.Same, "field", "fields"), Reason: "lead to the mirror",
		})
	}
	change := &Remedy{Text: "let KKP pull from the mirror", Command: f.Command(owned)}
	changes := slices.Clone(f.Changes)
	slices.SortStableFunc(changes, func(a, b Field) int { return min(len(a.Owners), 1) - min(len(b.Owners), 1) }) // those with a command first
	for _, field := range changes {
		findings = append(findings, f.finding(field, change))
	}
	for _, omitted := range f.Omitted {
		if !omitted.Covered {
			findings = append(findings, Finding{
				ID: id(SectionConfiguration, "field-impossible"), Status: StatusNotReady, Subject: strings.Join(omitted.Fields, ", "), Reason: omitted.Reason,
				Remedy: &Remedy{Text: "change what the reason names, then run patch-config"},
			})
		}
	}
	for _, kind := range []string{patch.KindConfiguration, patch.KindSeed} {
		if unknown := f.Unknown[kind]; len(unknown) > 0 {
			findings = append(findings, Finding{
				ID: id(SectionConfiguration, "field-new"), Status: StatusWarning, Subject: kind + " " + strings.Join(unknown, ", "),
				Reason: "these fields name a repository, and this version of the plugin does not know them",
				Remedy: &Remedy{Text: "set the fields yourself if their images are not in the mirror, and update the plugin"},
			})
		}
	}
	return findings
}

// name is the name of a field for the flags of patch-config.
func (field Field) name() string { return strings.TrimPrefix(field.Path, "spec.") }

func (f Fields) finding(field Field, change *Remedy) Finding {
	found := Finding{
		ID: id(SectionConfiguration, "field"), Status: StatusNotReady, Subject: field.Object + " " + field.Path,
		Reason: fmt.Sprintf("is %s, must be %s", text(field.Live), text(field.Wanted)), Remedy: change,
	}
	if len(field.Owners) > 0 {
		found.ID = id(SectionConfiguration, "field-owned")
		found.Remedy = &Remedy{Text: fmt.Sprintf("%s owns this field: change the value there (%s prints the field), or take the field over with patch-config --force-conflicts",
			strings.Join(field.Owners, " and "), f.Print(field.name()))}
	}
	return found
}

// text writes a value of a field without credentials.
func text(value any) string {
	if value == nil {
		return "not set"
	}
	if plain, ok := value.(string); ok {
		return strconv.Quote(mask.Text(plain))
	}
	data, err := json.Marshal(value)
	if err != nil {
		return "not readable"
	}
	return mask.Text(string(data))
}

// Operator judges the images of the Deployment kubermatic-operator.
func Operator(images []string, unread error, target images.Target, release string, command string) Finding {
	f := Finding{ID: id(SectionConfiguration, "operator"), Status: StatusOK, Subject: "Deployment kubermatic-operator"}
	if unread != nil {
		f.Status, f.Reason = StatusUnknown, causeOf(unread)
		f.Remedy = &Remedy{Text: "let this user read the Deployment"}
		return f
	}
	var away []string
	for _, image := range images {
		if !Leads(image, target) {
			away = append(away, image)
		}
	}
	if len(away) == 0 {
		f.Reason = "pulls from the mirror"
		return f
	}
	f.Status, f.Reason = StatusNotReady, "pulls "+strings.Join(away, ", ")
	f.Remedy = &Remedy{Text: "set the Helm value kubermaticOperator.image.repository to " + repositoryOf(away[0], target) + " in the tool that installs the chart kubermatic-operator"}
	if release != "" {
		f.Remedy = &Remedy{Text: "redirect the images of the Helm release " + release, Command: command}
	}
	return f
}

// kkpRegistry is the registry of KKP's own images.
const kkpRegistry = "quay.io"

// repositoryOf is the repository of an image of KKP in the mirror. An image from elsewhere may be a copy
// with another path.
func repositoryOf(reference string, target images.Target) string {
	ref, err := images.ParseRef(reference)
	if err != nil || ref.Registry != kkpRegistry {
		return "its repository in the mirror"
	}
	place := target.Ref(ref)
	return place.Registry + "/" + place.Repository
}

// Leads reports whether a reference names an image in the mirror.
func Leads(reference string, target images.Target) bool {
	ref, err := images.ParseRef(reference)
	return err == nil && ref.Registry == target.Registry && (target.Prefix == "" || strings.HasPrefix(ref.Repository, target.Prefix+"/"))
}

// BackupContainers judges the images of own containers for etcd backups.
func BackupContainers(configuration kkp.Configuration, target images.Target) []Finding {
	var findings []Finding
	at := configuration.Spec.SeedController
	for _, field := range []struct{ path, value string }{
		{"spec.seedController.backupStoreContainer", at.BackupStoreContainer},
		{"spec.seedController.backupDeleteContainer", at.BackupDeleteContainer},
	} {
		if field.value == "" {
			continue
		}
		var container corev1.Container
		err := yaml.Unmarshal([]byte(field.value), &container)
		f := Finding{ID: id(SectionConfiguration, "backup-container"), Status: StatusOK, Subject: field.path, Reason: "names " + container.Image}
		ref, unparsed := images.ParseRef(container.Image)
		switch {
		case cmp.Or(err, unparsed) != nil:
			f.Status, f.Reason = StatusNotReady, fmt.Sprintf("is not a container with an image: %v", cmp.Or(err, unparsed))
			f.Remedy = &Remedy{Text: "write a container with an image of the mirror into this field"}
		case !Leads(container.Image, target):
			f.Status = StatusNotReady
			f.Remedy = &Remedy{Text: "write the image " + target.Ref(ref).String() + " into this field: KKP uses an own container unchanged"}
		}
		findings = append(findings, f)
	}
	return findings
}

// Catalogs judges the ApplicationCatalogs of an installation with the external application catalog.
func Catalogs(catalogs []kkp.ApplicationCatalog, unread error, target images.Target) []Finding {
	const charts = "kubermatic-mirror/helm-charts"
	if unread != nil {
		return []Finding{{
			ID: id(SectionConfiguration, "external-catalog"), Status: StatusUnknown, Subject: "ApplicationCatalogs", Reason: causeOf(unread),
			Remedy: &Remedy{Text: "let this user list ApplicationCatalogs (applicationcatalog.k8c.io)"},
		}}
	}
	var findings []Finding
	for _, c := range catalogs {
		f := Finding{ID: id(SectionConfiguration, "external-catalog"), Status: StatusOK, Subject: "ApplicationCatalog " + c.Name, Reason: "charts come from " + c.BaseURL}
		if !Leads(strings.TrimPrefix(c.BaseURL, "oci://"), target) {
			f.Status, f.Reason = StatusNotReady, "charts come from "+cmp.Or(c.BaseURL, "their default repository")
			f.Remedy = &Remedy{Text: fmt.Sprintf("set spec.helm.repositorySettings.baseURL to oci://%s/%s", target, charts)}
		}
		findings = append(findings, f)
	}
	return findings
}

// UnknownFields are the findings for Seeds whose fields are not known, because nobody knows the Seeds.
func UnknownFields(unread []kkp.Unread) []Finding {
	var findings []Finding
	for _, g := range unreadParts(unread, kkp.PartSeeds) {
		findings = append(findings, finding(id(SectionConfiguration, "unknown"), StatusUnknown, "Seeds: "+named(g.subjects), g.cause, unreadRemedy))
	}
	return findings
}

// Unread is the finding for a part of a section that could not be read.
func Unread(section Section, subject string, err error) Finding {
	return Finding{
		ID: id(section, "unknown"), Status: StatusUnknown, Subject: subject, Reason: causeOf(err),
		Remedy: &Remedy{Text: "remove the cause, such as a missing permission, and check again"},
	}
}
