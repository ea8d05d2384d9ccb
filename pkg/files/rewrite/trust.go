package rewrite

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// store is where an operating system has the certificates of its administrator, and the
// command that makes programs trust these: curl, the package manager and the container runtime.
type store struct {
	dir, ending string
	command     string
}

// storeOf returns the store of an operating system by OSM's name. KKP's own profiles use the same
// paths and commands (configureHostCABundle, operating-system-manager v1.11.3), but for Amazon
// Linux: there they write Debian's path and run update-ca-certificates, which Amazon Linux does
// not have. Its package ca-certificates (ca-certificates-2025.2.76-1.amzn2.0.2 in the release notes
// of Amazon Linux 2.0.20250603) is made from that of Fedora and RHEL, whose update-ca-trust(8) reads
// /etc/pki/ca-trust/source/anchors (Red Hat, Security Guide for RHEL 7, "Using Shared System
// Certificates").
func storeOf(system string) (store, bool) {
	switch system {
	case "ubuntu":
		return store{"/usr/local/share/ca-certificates/", ".crt", "update-ca-certificates"}, true
	case "flatcar":
		return store{"/etc/ssl/certs/", ".pem", "update-ca-certificates"}, true
	case "rhel", "rockylinux", "amzn2":
		return store{"/etc/pki/ca-trust/source/anchors/", ".pem", "update-ca-trust"}, true
	}
	return store{}, false
}

// file returns the path of the file with a certificate, counted from 0.
func (s store) file(i int) string {
	if i == 0 {
		return s.dir + "kkp-mirror" + s.ending
	}
	return fmt.Sprintf("%skkp-mirror-%d%s", s.dir, i+1, s.ending)
}

// line is the line of scripts that makes programs trust the certificates. An image may lack the
// command: the package that brings the command then reads the files.
func (s store) line() string {
	return "if command -v " + s.command + " >/dev/null; then " + s.command + "; fi"
}

// trust adds the certificates to each phase in which something is downloaded or installed. If
// there is none, the container runtime still needs them: the last phase with scripts gets them.
func (e editor) trust(system string, spec map[string]any) error {
	if len(e.settings.CAs) == 0 {
		return nil
	}
	s, ok := storeOf(system)
	if !ok {
		return fmt.Errorf("the way in which %s trusts certificates is not known", system)
	}
	trusting := false
	for _, phase := range phases() {
		config, _ := spec[phase].(map[string]any)
		first := slices.DeleteFunc(scriptsOf(config), func(f map[string]any) bool { return !e.fetches(f) })
		trusting = e.install(s, config, first) || trusting
	}
	for _, phase := range slices.Backward(phases()) {
		if config, _ := spec[phase].(map[string]any); !trusting {
			trusting = e.install(s, config, scriptsOf(config))
		}
	}
	if !trusting {
		return errors.New("the profile has no shell script that could install the certificates")
	}
	return nil
}

// install has scripts of a phase install the certificates first. It reports whether there is a
// script.
func (e editor) install(s store, config map[string]any, scripts []map[string]any) bool {
	if len(scripts) == 0 {
		return false
	}
	for _, f := range scripts {
		setData(f, afterFirstLine(dataOf(f), s.line()))
	}
	files, _ := config["files"].([]any)
	config["files"] = append(slices.Clone(files), e.certificates(s)...)
	return true
}

// certificates are the files with the certificates.
func (e editor) certificates(s store) []any {
	var all []any
	for i, certificate := range e.settings.CAs {
		all = append(all, map[string]any{
			"path": s.file(i), "permissions": int64(644),
			"content": map[string]any{"inline": map[string]any{"encoding": "b64", "data": certificate}},
		})
	}
	return all
}

// Installed returns the text of the files that a profile writes to the certificates of the
// administrator of its operating system: machines with the profile trust the certificates in this
// text (PEM). The text of a profile without such files, or of an unknown operating system, is empty.
func Installed(object json.RawMessage) []byte {
	spec, err := specOf(object)
	if err != nil {
		return nil
	}
	system, _ := spec["osName"].(string)
	s, ok := storeOf(system)
	if !ok {
		return nil
	}
	var text []byte
	for _, phase := range phases() {
		config, _ := spec[phase].(map[string]any)
		written, _ := config["files"].([]any)
		for _, file := range written {
			f, _ := file.(map[string]any)
			if at, _ := f["path"].(string); strings.HasPrefix(at, s.dir) && strings.HasSuffix(at, s.ending) {
				text = append(append(text, dataOf(f)...), '\n')
			}
		}
	}
	return text
}

// scriptsOf are the files of a phase that are shell scripts.
func scriptsOf(config map[string]any) []map[string]any {
	lists := []any{config["files"]}
	runtimes, _ := config["supportedContainerRuntimes"].([]any)
	for _, runtime := range runtimes {
		if r, ok := runtime.(map[string]any); ok {
			lists = append(lists, r["files"])
		}
	}
	var all []map[string]any
	for _, list := range lists {
		files, _ := list.([]any)
		for _, file := range files {
			if f, ok := file.(map[string]any); ok && regexp.MustCompile(`^#!.*\b(ba|da|a|k)?sh\b`).MatchString(dataOf(f)) {
				all = append(all, f)
			}
		}
	}
	return all
}

// fetches reports whether a machine downloads or installs something in a script.
func (e editor) fetches(file map[string]any) bool {
	path, _ := file["path"].(string)
	for _, found := range e.reached {
		for _, d := range found.Downloads {
			if strings.HasPrefix(d.Where, path+":") {
				return true
			}
		}
		for _, p := range found.Packages {
			if strings.HasPrefix(p.Where, path+":") {
				return true
			}
		}
	}
	return false
}

func dataOf(file map[string]any) string {
	content, _ := file["content"].(map[string]any)
	inline, _ := content["inline"].(map[string]any)
	data, _ := inline["data"].(string)
	return data
}

func setData(file map[string]any, data string) {
	content, _ := file["content"].(map[string]any)
	if inline, ok := content["inline"].(map[string]any); ok {
		inline["data"] = data
	}
}

func afterFirstLine(text, line string) string {
	first, rest, _ := strings.Cut(text, "\n")
	return first + "\n" + line + "\n" + rest
}
