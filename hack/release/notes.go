package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// notes returns the section of CHANGELOG.md for a version, without its heading. A pre-release
// without a section has the unreleased changes.
func (r release) notes() ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(r.Root, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	sections := changes(string(text))
	section, ok := sections[strings.TrimPrefix(r.Version, "v")]
	if !ok && strings.Contains(r.Version, "-") {
		section, ok = sections["Unreleased"], true
	}
	if !ok {
		return nil, fmt.Errorf("CHANGELOG.md has no section [%s]; rename the section [Unreleased], and add a new one above", strings.TrimPrefix(r.Version, "v"))
	}
	return []byte(section + "\n"), nil
}

// changes returns the sections of a changelog, by version.
func changes(text string) map[string]string {
	heading := regexp.MustCompile(`^## \[([^\]]+)\]`)
	link := regexp.MustCompile(`^\[[^\]]+\]: `)
	sections := map[string]string{}
	version := ""
	for line := range strings.Lines(text) {
		if m := heading.FindStringSubmatch(line); m != nil {
			version = m[1]
			continue
		}
		if version != "" && !link.MatchString(line) {
			sections[version] += line
		}
	}
	for version, section := range sections {
		sections[version] = strings.TrimSpace(section)
	}
	return sections
}
