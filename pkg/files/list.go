package files

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// KindFileList is the kind of a list of files as a document.
const KindFileList = "FileList"

// FileList is what new nodes download, as a document: what `files -o json` prints.
type FileList struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Items      []Item       `json:"items"`
	Packages   []PackageSet `json:"packages,omitempty"`
	Gaps       []images.Gap `json:"gaps,omitempty"`
}

// Item is a file that nodes download.
type Item struct {
	URL          string   `json:"url"`
	Path         string   `json:"path"`                   // of its copy: "dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet"
	Checksum     string   `json:"checksum,omitempty"`     // path of the file with its checksum
	ChecksumOf   string   `json:"checksumOf,omitempty"`   // path of the file whose checksum this is
	Architecture string   `json:"architecture,omitempty"` // "amd64"; none: nodes of any download it
	Reasons      []Reason `json:"reasons,omitempty"`
}

// Reason says why a file or a set of packages is needed.
type Reason struct {
	Source     string   `json:"source"`               // "configs", "profiles", "catalog"
	Profile    string   `json:"profile"`              // "osp-ubuntu"
	OS         string   `json:"os"`                   // "ubuntu"
	Cluster    string   `json:"cluster,omitempty"`    // the Seed, or the Seed and the user cluster
	Kubernetes []string `json:"kubernetes,omitempty"` // versions, ascending
	Where      string   `json:"where,omitempty"`      // "/opt/bin/setup:81"
}

// PackageSet is what nodes install with the package manager of their operating system. It
// is not mirrored by this tool.
type PackageSet struct {
	OS           string   `json:"os"`
	OSVersion    string   `json:"osVersion,omitempty"` // as the profile says
	Manager      string   `json:"manager"`             // "apt", "yum"
	Packages     []string `json:"packages"`
	Repositories []string `json:"repositories,omitempty"` // beside those of the operating system, as they are written
	Profiles     []string `json:"profiles"`
}

// Document returns the list with its version.
func (l FileList) Document() FileList {
	l.APIVersion, l.Kind = images.APIVersion, KindFileList
	if l.Items == nil {
		l.Items = []Item{}
	}
	return l
}

// maxPath bounds the path of a file, in bytes; maxPart one name in it.
const (
	maxPath = 1_024
	maxPart = 200
)

// PathOf is where the copy of an address is kept: HOST/PATH. The error says why it cannot be
// kept.
func PathOf(address string) (string, error) {
	parsed, err := url.Parse(address)
	switch {
	case err != nil:
		return "", err
	case parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "":
		return "", fmt.Errorf("%s is not HTTP", address)
	case parsed.RawQuery != "" || parsed.ForceQuery:
		return "", fmt.Errorf("%s has a query, which a server of files cannot answer", address)
	}
	kept := strings.ReplaceAll(strings.ToLower(parsed.Host), ":", "_") + parsed.Path
	if err := CheckPath(kept); err != nil {
		return "", fmt.Errorf("%s: %w", address, err)
	}
	return kept, nil
}

// CheckPath tells whether a path can be that of a copy: it does not lead out of the
// directory, and means the same on every system.
func CheckPath(kept string) error {
	if len(kept) > maxPath || path.Clean(kept) != kept || strings.HasPrefix(kept, "/") || !strings.Contains(kept, "/") {
		return fmt.Errorf("the path %q cannot be that of a file", shorten(kept))
	}
	for part := range strings.SplitSeq(kept, "/") {
		bad := strings.IndexFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune(`\:*?"<>|`, r) })
		if part == "" || part == "." || part == ".." || bad >= 0 || len(part) > maxPart || strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
			return fmt.Errorf("the name %q in a path cannot be that of a file", shorten(part))
		}
	}
	return nil
}

func shorten(text string) string {
	const most = 100
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// checksumEndings are those of files with checksums, by algorithm.
func checksumEndings() []string { return []string{".sha256", ".sha256sum", ".sha512", ".sha512sum"} }

// Builder puts a list together. Its zero value is ready to be used.
type Builder struct {
	items    map[string]*Item // by path
	packages map[string]*PackageSet
	gaps     []images.Gap
}

// Add adds a file that machines of an architecture download.
func (b *Builder) Add(address, architecture string, reason Reason) {
	kept, err := PathOf(address)
	if err != nil {
		b.Gap(reason.Source, reason.Profile, err.Error())
		return
	}
	if b.items == nil {
		b.items = map[string]*Item{}
	}
	item, known := b.items[kept]
	if !known {
		item = &Item{URL: address, Path: kept, Architecture: architecture}
		b.items[kept] = item
	}
	if strings.HasPrefix(address, "https:") {
		item.URL = address // of http and https, which may be both
	}
	if item.Architecture != architecture {
		item.Architecture = ""
	}
	item.add(reason)
}

// add adds a reason, or the versions of one that differs in nothing else.
func (item *Item) add(reason Reason) {
	same := func(r Reason) bool {
		return r.Source == reason.Source && r.Profile == reason.Profile && r.OS == reason.OS && r.Cluster == reason.Cluster && r.Where == reason.Where
	}
	if i := slices.IndexFunc(item.Reasons, same); i >= 0 {
		item.Reasons[i].Kubernetes = versions(append(item.Reasons[i].Kubernetes, reason.Kubernetes...))
		return
	}
	reason.Kubernetes = versions(slices.Clone(reason.Kubernetes))
	item.Reasons = append(item.Reasons, reason)
}

// versions are versions in their order, each once.
func versions(all []string) []string {
	slices.SortFunc(all, compareVersions)
	return slices.Compact(all)
}

func compareVersions(a, b string) int {
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	if errA != nil || errB != nil {
		return cmp.Compare(a, b)
	}
	return cmp.Or(va.Compare(vb), cmp.Compare(a, b))
}

// Install adds packages and repositories of an operating system.
func (b *Builder) Install(set PackageSet) {
	if len(set.Packages)+len(set.Repositories) == 0 {
		return
	}
	if b.packages == nil {
		b.packages = map[string]*PackageSet{}
	}
	key := set.OS + " " + set.OSVersion + " " + set.Manager
	known, ok := b.packages[key]
	if !ok {
		known = &PackageSet{OS: set.OS, OSVersion: set.OSVersion, Manager: set.Manager}
		b.packages[key] = known
	}
	known.Packages = union(known.Packages, set.Packages)
	known.Repositories = union(known.Repositories, set.Repositories)
	known.Profiles = union(known.Profiles, set.Profiles)
}

func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// Gap adds a gap.
func (b *Builder) Gap(source, subject, text string) {
	b.gaps = append(b.gaps, images.Gap{Source: source, Subject: subject, Error: text})
}

// List returns what was added, ordered.
func (b *Builder) List() FileList {
	var l FileList
	for _, kept := range sortedKeys(b.items) {
		item := *b.items[kept]
		for _, ending := range checksumEndings() {
			if of, ok := strings.CutSuffix(kept, ending); ok && b.items[of] != nil {
				item.ChecksumOf = of
			}
			if item.Checksum == "" && b.items[kept+ending] != nil {
				item.Checksum = kept + ending
			}
		}
		l.Items = append(l.Items, item)
	}
	for _, key := range sortedKeys(b.packages) {
		l.Packages = append(l.Packages, *b.packages[key])
	}
	l.Gaps = slices.Clone(b.gaps)
	slices.SortFunc(l.Gaps, func(a, b images.Gap) int { return cmp.Compare(a.String(), b.String()) })
	l.Gaps = slices.Compact(l.Gaps)
	return l
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
