package images

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

// APIVersion is the version of the JSON documents.
const APIVersion = "kkp-mirror.dev/v1alpha1"

// The kinds of JSON documents.
const (
	KindImageList  = "ImageList"
	KindSyncReport = "SyncReport"
)

// ImageList is the document of an inventory: `images -o json` prints it, and `sync --images` reads it.
type ImageList struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Items      []Image        `json:"items"`
	Totals     *Totals        `json:"totals,omitempty"` // if sizes were read
	Sources    []Contribution `json:"sources,omitempty"`
	Gaps       []Gap          `json:"gaps,omitempty"`
	Excluded   []Ref          `json:"excluded,omitempty"`
	Gone       []Image        `json:"gone,omitempty"` // in a comparison with an older list
}

// SyncReport is the document of the report of a sync.
type SyncReport struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Target     string   `json:"target"`
	Summary    Summary  `json:"summary"`
	Items      []Result `json:"items"`
	Gaps       []Gap    `json:"gaps,omitempty"`
	Excluded   []Ref    `json:"excluded,omitempty"`
}

// Summary counts the outcomes of a sync.
type Summary struct {
	Copied  int   `json:"copied"`
	Present int   `json:"present"`
	Skipped int   `json:"skipped"`
	Failed  int   `json:"failed"`
	Bytes   int64 `json:"bytes"`             // uploaded
	Mounted int64 `json:"mounted,omitempty"` // bytes that were mounted from another repository
}

// List returns the inventory as a document.
func (inv Inventory) List() ImageList {
	items := inv.Images
	if items == nil {
		items = []Image{}
	}
	return ImageList{APIVersion: APIVersion, Kind: KindImageList, Items: items, Totals: inv.Totals(), Sources: inv.Sources, Gaps: inv.Gaps, Excluded: inv.Excluded, Gone: inv.Gone}
}

// Document returns the report as a document.
func (r Report) Document(target Target, inv Inventory) SyncReport {
	items := r.Results
	if items == nil {
		items = []Result{}
	}
	return SyncReport{
		APIVersion: APIVersion, Kind: KindSyncReport, Target: target.String(), Items: items, Gaps: inv.Gaps, Excluded: inv.Excluded,
		Summary: Summary{
			Copied: r.Count(Copied), Present: r.Count(Present), Skipped: r.Count(Skipped), Failed: r.Count(Failed),
			Bytes: r.Bytes(), Mounted: r.Mounted(),
		},
	}
}

// maxItems bounds the images of a list, and its gaps.
const maxItems = 100_000

// ParseList reads an ImageList in JSON. Only the reference of an item is required. Items are decoded
// one by one; the first invalid item is an error.
func ParseList(data []byte) (Inventory, error) {
	var list struct {
		APIVersion string          `json:"apiVersion"`
		Kind       string          `json:"kind"`
		Items      json.RawMessage `json:"items"`
		Gaps       json.RawMessage `json:"gaps"`
		Excluded   json.RawMessage `json:"excluded"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return Inventory{}, decodeError(data, err)
	}
	if list.APIVersion != APIVersion || list.Kind != KindImageList {
		return Inventory{}, fmt.Errorf("expected apiVersion %s and kind %s, found %q and %q", APIVersion, KindImageList, list.APIVersion, list.Kind)
	}
	var c Collector
	items := 0
	err := bounded.Elements(list.Items, maxItems, func(img Image) error {
		if err := img.Check(); err != nil {
			return err
		}
		img.Target, img.Change, img.Before, img.Content = nil, "", "", nil // the list can be used for any target, and sizes are read again
		c.Add(img)
		items++
		return nil
	})
	if err != nil {
		return Inventory{}, fmt.Errorf("items[%d]: %w", items, err)
	}
	inv := c.Inventory()
	err = bounded.Elements(list.Gaps, maxItems, func(gap Gap) error {
		inv.Gaps = append(inv.Gaps, gap)
		return nil
	})
	if err != nil {
		return Inventory{}, fmt.Errorf("gaps[%d]: %w", len(inv.Gaps), err)
	}
	err = bounded.Elements(list.Excluded, maxItems, func(ref Ref) error {
		inv.Excluded = append(inv.Excluded, ref)
		return nil
	})
	if err != nil {
		return Inventory{}, fmt.Errorf("excluded[%d]: %w", len(inv.Excluded), err)
	}
	return inv, nil
}

// Check returns an error if the image is not valid in a document.
func (img Image) Check() error {
	if img.Ref.IsZero() {
		return errors.New("no ref")
	}
	if img.Kind != "" && img.Kind != KindImage && img.Kind != KindChart {
		return fmt.Errorf("%s: unknown kind %q; known are %s and %s", img.Ref, img.Kind, KindImage, KindChart)
	}
	for _, place := range img.Also {
		if err := CheckPlace(place); err != nil {
			return fmt.Errorf("%s: its second place %w", img.Ref, err)
		}
	}
	if img.Digest == "" {
		return nil
	}
	if !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(img.Digest) {
		return fmt.Errorf("%s: %q is not a digest of the form sha256:<64 hex digits>", img.Ref, img.Digest)
	}
	if img.Ref.Digest != "" && img.Ref.Digest != img.Digest {
		return fmt.Errorf("%s: the digest %s contradicts the one in the reference", img.Ref, img.Digest)
	}
	return nil
}

// decodeError adds the line to a JSON error with an offset.
func decodeError(data []byte, err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	offset := int64(-1)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &typ):
		offset = typ.Offset
	}
	if offset < 0 || offset > int64(len(data)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:offset], []byte("\n")), err)
}
