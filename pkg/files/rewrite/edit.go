package rewrite

import (
	"regexp"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/address"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// editor rewrites the texts of a profile. Addresses that no machine downloads from stay.
type editor struct {
	settings Settings
	reached  []trace.Found // of the original
}

// edit returns a copy of a part of a profile with rewritten texts. where is the path of the file
// that the part belongs to.
func (e editor) edit(value any, where string) any {
	switch value := value.(type) {
	case string:
		return e.text(where, value)
	case []any:
		all := make([]any, len(value))
		for i, v := range value {
			all[i] = e.edit(v, where)
		}
		return all
	case map[string]any:
		if path, ok := value["path"].(string); ok {
			where = path
		}
		edited := make(map[string]any, len(value))
		for key, v := range value {
			if isText(key, v) {
				v = e.edit(v, where)
			}
			edited[key] = v
		}
		return edited
	}
	return value
}

// isText reports whether a field may have texts that become a part of a machine.
func isText(key string, value any) bool {
	_, text := value.(string)
	return !text || key != "path" && key != "name" && key != "encoding"
}

// text rewrites a text.
func (e editor) text(where, text string) string {
	if strings.HasPrefix(where, "/etc/containerd/") { // registries, whose images are no files
		return text
	}
	if e.settings.Packages != "" {
		text = inlineRepositories(text, e.settings.Packages)
	}
	var out strings.Builder
	last := 0
	for _, found := range address.Find(text) {
		if base := e.base(found); base != "" {
			_, rest, _ := strings.Cut(found.Text, "://")
			out.WriteString(text[last:found.At] + base)
			last = found.At + len(found.Text) - len(rest) + len(found.Host())
		}
	}
	out.WriteString(text[last:])
	return out.String()
}

// base returns what stands for the scheme and the host of an address in the mirror, "" if the
// address stays.
func (e editor) base(a address.Address) string {
	host := a.Host()
	if host == "" || address.IsLocal(a.Text) || address.InComment(a.Before) || e.isMirror(a.Text) {
		return ""
	}
	ofPackages := strings.EqualFold(host, PackagesHost)
	switch {
	case ofPackages && e.settings.Packages != "":
		return e.settings.Packages
	case e.settings.Files == "", inRepository(a.Before), !e.downloads(a.Text):
		return ""
	}
	kept, err := files.PathOf("https://" + host + "/file")
	if err != nil {
		return ""
	}
	return e.settings.Files + "/" + strings.TrimSuffix(kept, "/file")
}

// isMirror reports whether an address is one of the mirror already.
func (e editor) isMirror(text string) bool {
	return below(text, e.settings.Files) || below(text, e.settings.Packages)
}

func below(text, base string) bool {
	return base != "" && (text == base || strings.HasPrefix(text, base+"/"))
}

// downloads reports whether a machine downloads from an address that begins with a text.
func (e editor) downloads(text string) bool {
	for _, found := range e.reached {
		for _, d := range found.Downloads {
			if strings.HasPrefix(d.URL, text) {
				return true
			}
		}
	}
	return false
}

// inRepository reports whether an address is that of a package repository, by the line before
// the address: an entry of apt, or a field of a .repo or .sources file.
func inRepository(before string) bool {
	return regexp.MustCompile(`(?i)(^|[\s"'])(deb|deb-src)\s|(^|[\s"'])(baseurl|mirrorlist|metalink|gpgkey)\s*=|(^|[\s"'])uris:`).MatchString(before)
}
