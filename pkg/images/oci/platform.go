package oci

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Only returns an index with only the entries of the given platforms, and all other fields
// unchanged. The same input gives the same bytes. A manifest that is not an index, and an
// index that has no other entries, are returned unchanged. Entries without a platform, and
// attestations (platform unknown/unknown), do not match.
func (m Manifest) Only(platforms []v1.Platform) (Manifest, error) {
	if len(platforms) == 0 || !m.MediaType.IsIndex() {
		return m, nil
	}
	var doc map[string]json.RawMessage
	var entries []json.RawMessage
	if err := json.Unmarshal(m.Raw, &doc); err != nil {
		return Manifest{}, Invalid(err)
	}
	if err := json.Unmarshal(doc["manifests"], &entries); err != nil {
		return Manifest{}, Invalid(err)
	}
	kept, others, err := choose(entries, platforms)
	switch {
	case err != nil:
		return Manifest{}, Invalid(err)
	case len(kept) == 0:
		return Manifest{}, noneOf(platforms, others)
	case len(kept) == len(entries):
		return m, nil
	}
	return m.with(doc, kept)
}

// with returns the index with other entries.
func (m Manifest) with(doc map[string]json.RawMessage, entries []json.RawMessage) (Manifest, error) {
	list, err := json.Marshal(entries)
	if err != nil {
		return Manifest{}, Invalid(err)
	}
	doc["manifests"] = list
	raw, err := json.Marshal(doc)
	if err != nil {
		return Manifest{}, Invalid(err)
	}
	return New(raw, string(m.MediaType), "")
}

// Invalid returns the error for an index that cannot be parsed.
func Invalid(err error) error {
	return &failure.RejectedError{As: images.ClassPolicy, Msg: "the index is not valid: " + err.Error(), Advice: "check that it is a container image"}
}

// choose returns the entries of the platforms, and the names of all other platforms.
func choose(entries []json.RawMessage, platforms []v1.Platform) (kept []json.RawMessage, others []string, err error) {
	for _, entry := range entries {
		var desc struct {
			Platform *v1.Platform `json:"platform"`
		}
		if err := json.Unmarshal(entry, &desc); err != nil {
			return nil, nil, err
		}
		switch {
		case desc.Platform == nil:
		case slices.ContainsFunc(platforms, func(want v1.Platform) bool { return Matches(*desc.Platform, want) }):
			kept = append(kept, entry)
		case desc.Platform.OS != "unknown":
			others = append(others, desc.Platform.String())
		}
	}
	return kept, others, nil
}

// Matches reports whether a platform is the wanted one. linux/arm matches every variant;
// linux/arm64 and linux/arm64/v8 are equal.
func Matches(have, want v1.Platform) bool { return sole(have).Satisfies(sole(want)) }

func sole(p v1.Platform) v1.Platform {
	if p.Architecture == "arm64" && p.Variant == "v8" {
		p.Variant = ""
	}
	return p
}

func noneOf(platforms []v1.Platform, others []string) error {
	var wanted []string
	for _, p := range platforms {
		wanted = append(wanted, p.String())
	}
	there := strings.Join(slices.Compact(slices.Sorted(slices.Values(others))), ", ")
	if there == "" {
		there = "none"
	}
	return &failure.RejectedError{
		As:     images.ClassNotFound,
		Msg:    fmt.Sprintf("the image does not exist for %s; its platforms: %s", strings.Join(wanted, ", "), there),
		Advice: "choose one of these with --platform, or copy all platforms without --platform",
	}
}
