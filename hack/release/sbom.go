package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/base64"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// sbom lists what an executable was built from, as CycloneDX 1.6 in JSON: the modules and the Go
// release that the executable itself names. The same executable gives the same bytes.
func sbom(name, version string, executable []byte, modified time.Time) ([]byte, error) {
	info, err := buildinfo.Read(bytes.NewReader(executable))
	if err != nil {
		return nil, err
	}
	main := cdx.Component{
		Type: cdx.ComponentTypeApplication, BOMRef: "main", Name: "kkp-mirror", Version: version,
		PackageURL: purl(info.Main.Path, version), Description: name,
		Licenses: &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
	}
	components := []cdx.Component{{
		Type: cdx.ComponentTypeLibrary, BOMRef: "std", Name: "std", Version: strings.TrimPrefix(info.GoVersion, "go"),
		PackageURL: purl("std", strings.TrimPrefix(info.GoVersion, "go")),
	}}
	for _, module := range info.Deps {
		component, err := component(module)
		if err != nil {
			return nil, err
		}
		components = append(components, component)
	}
	slices.SortFunc(components, func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })

	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Timestamp: modified.Format(time.RFC3339), Component: &main}
	bom.Components = &components
	bom.Dependencies = dependencies(components)
	var text bytes.Buffer
	err = cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	return text.Bytes(), err
}

// dependencies says that the executable has all components: an executable does not tell which
// module needs which other module.
func dependencies(components []cdx.Component) *[]cdx.Dependency {
	refs := make([]string, 0, len(components))
	for _, c := range components {
		refs = append(refs, c.BOMRef)
	}
	return &[]cdx.Dependency{{Ref: "main", Dependencies: &refs}}
}

// component describes a module, or the module that replaces it.
func component(module *debug.Module) (cdx.Component, error) {
	if module.Replace != nil {
		module = module.Replace
	}
	c := cdx.Component{
		Type: cdx.ComponentTypeLibrary, BOMRef: module.Path + "@" + module.Version, Name: module.Path, Version: module.Version,
		PackageURL: purl(module.Path, module.Version),
	}
	sum, ok := strings.CutPrefix(module.Sum, "h1:")
	if !ok {
		return c, fmt.Errorf("the module %s has no checksum", module.Path)
	}
	hash, err := base64.StdEncoding.DecodeString(sum)
	if err != nil {
		return c, fmt.Errorf("the checksum of the module %s: %w", module.Path, err)
	}
	c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: fmt.Sprintf("%x", hash)}} // of go.sum: over the names and contents of all files
	return c, nil
}

// purl is the package URL of a Go module (github.com/package-url/purl-spec, type golang).
func purl(path, version string) string {
	return "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B") + "?type=module"
}
