package rewrite

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/address"
)

// differences compares the specs of a profile and of its rewritten form, and returns what
// differs beside addresses, repositories of packages, certificates and the version. It compares
// by the form of the texts, not by how these were rewritten.
func differences(s Settings, before, after map[string]any) []string {
	d := differ{settings: s}
	system, _ := before["osName"].(string)
	d.store, _ = storeOf(system)
	d.maps("spec", before, after)
	return d.found
}

// differ compares two specs.
type differ struct {
	settings Settings
	store    store
	found    []string
}

func (d *differ) differs(where, format string, args ...any) {
	d.found = append(d.found, where+": "+fmt.Sprintf(format, args...))
}

func (d *differ) values(where string, before, after any) {
	switch before := before.(type) {
	case map[string]any:
		if after, ok := after.(map[string]any); ok {
			d.maps(where, before, after)
			return
		}
	case []any:
		if after, ok := after.([]any); ok {
			d.lists(where, before, after)
			return
		}
	case string:
		if after, ok := after.(string); ok {
			d.texts(where, before, after)
			return
		}
	default:
		if before == after {
			return
		}
	}
	d.differs(where, "another value")
}

func (d *differ) maps(where string, before, after map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(before)) {
		switch value, there := after[key]; {
		case where == "spec" && key == "version":
		case !there:
			d.differs(where, "%s is missing", key)
		default:
			d.values(where+"."+key, before[key], value)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if _, there := before[key]; !there {
			if added, ok := after[key].([]any); ok && key == "files" {
				d.lists(where+"."+key, nil, added)
				continue
			}
			d.differs(where, "%s is added", key)
		}
	}
}

// lists compares lists. The files of certificates are the only ones that may be added.
func (d *differ) lists(where string, before, after []any) {
	for i, value := range before {
		if i >= len(after) {
			d.differs(where, "%d items are missing", len(before)-i)
			return
		}
		d.values(fmt.Sprintf("%s[%d]", where, i), value, after[i])
	}
	for i, value := range after[len(before):] {
		file, _ := value.(map[string]any)
		path, _ := file["path"].(string)
		if !strings.HasSuffix(where, ".files") || i >= len(d.settings.CAs) || path != d.store.file(i) || dataOf(file) != d.settings.CAs[i] {
			d.differs(where, "an item is added")
		}
	}
}

// texts compares texts by their lines. The line that makes programs trust certificates may be
// added behind the first one.
func (d *differ) texts(where, before, after string) {
	if before == after {
		return
	}
	old, fresh := strings.Split(before, "\n"), strings.Split(after, "\n")
	if len(d.settings.CAs) > 0 && len(fresh) == len(old)+1 && fresh[1] == d.store.line() {
		fresh = slices.Delete(fresh, 1, 2)
	}
	if len(old) != len(fresh) {
		d.differs(where, "%d lines, not %d", len(fresh), len(old))
		return
	}
	for i := range old {
		if old[i] != fresh[i] && d.canonical(old[i]) != d.canonical(fresh[i]) {
			d.differs(where, "line %d is %q, and was %q", i+1, fresh[i], old[i])
		}
	}
}

// canonical replaces in a line each address by the place of its copy, and each way to configure
// the repository of containerd's packages by a word.
func (d *differ) canonical(line string) string {
	if d.settings.Packages != "" {
		line = fetchPattern().ReplaceAllStringFunc(line, func(command string) string {
			if f, ok := parseFetch(command); ok {
				return "\x00" + f.system + " " + f.file
			}
			return command
		})
		for _, system := range regexp.MustCompile(`/linux/([a-z]+)/`).FindAllStringSubmatch(line, -1) {
			for _, file := range regexp.MustCompile(`tee (`+repositoryDir+`[A-Za-z0-9_-]+\.repo)`).FindAllStringSubmatch(line, -1) {
				for _, sudo := range []bool{false, true} {
					f := fetchedRepository{sudo: sudo, system: system[1], file: file[1]}
					line = strings.ReplaceAll(line, writeRepository(d.settings.Packages, f), "\x00"+f.system+" "+f.file)
				}
			}
		}
	}
	found := address.Find(line)
	for _, a := range slices.Backward(found) {
		line = line[:a.At] + "\x00" + d.place(a.Text) + line[a.At+len(a.Text):]
	}
	return line
}

// place returns HOST/PATH of an address, or of the one whose copy an address is.
func (d *differ) place(text string) string {
	switch {
	case below(text, d.settings.Packages):
		return PackagesHost + strings.TrimPrefix(text, d.settings.Packages)
	case d.settings.Files != "" && strings.HasPrefix(text, d.settings.Files+"/"):
		return strings.TrimPrefix(text, d.settings.Files+"/")
	}
	_, rest, _ := strings.Cut(text, "://")
	host, path, found := strings.Cut(rest, "/")
	host = strings.ReplaceAll(strings.ToLower(host), ":", "_")
	if !found {
		return host
	}
	return host + "/" + path
}
