package images

import "slices"

// Finding is the result of a check.
type Finding string

// The findings of a check.
const (
	Verified   Finding = "verified"   // complete, with the expected digest
	Missing    Finding = "missing"    // the target does not have the image
	Different  Finding = "different"  // the target has another image under the name
	Incomplete Finding = "incomplete" // parts of it are missing or damaged
	Unknown    Finding = "unknown"    // the check failed
)

// Broken reports whether the image must be copied again.
func (f Finding) Broken() bool { return f == Missing || f == Different || f == Incomplete }

// Check is the check of one image at the target.
type Check struct {
	Source   Ref       `json:"source"`
	Target   Ref       `json:"target"`
	Also     []string  `json:"also,omitempty"` // second places that an archive must store
	Kind     Kind      `json:"kind,omitempty"`
	Finding  Finding   `json:"finding"`
	Digest   string    `json:"digest,omitempty"`   // digest at the target
	Expected string    `json:"expected,omitempty"` // digest of the source
	Moved    *Move     `json:"moved,omitempty"`    // new repository, if the image is gone from its source
	Problems []Problem `json:"problems,omitempty"` // missing and damaged parts
	Class    Class     `json:"class,omitempty"`    // class of the failed check
	Error    string    `json:"error,omitempty"`
	Cause    string    `json:"cause,omitempty"` // the error without the image, as for others with the same cause

	SourceDigest string `json:"-"` // digest at the source: another one than Expected if platforms are left out; "" if unknown

	// Uncompared is true if the target has a complete image, but the source did not return a digest
	// to compare with.
	Uncompared bool `json:"uncompared,omitempty"`
}

// Problem is a part of an image that is missing or damaged.
type Problem struct {
	Part   string `json:"part"` // "manifest", "blob", "referrer", "place"
	Digest string `json:"digest"`
	Detail string `json:"detail"` // "missing", with the platform of a manifest, or the error

	Damaged bool `json:"-"` // the content has another digest
}

// Verification is the checks of a plan, in its order.
type Verification struct {
	Checks []Check
}

// VerifyReport is the document of a verification.
type VerifyReport struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Target     string          `json:"target"`
	Deep       bool            `json:"deep,omitempty"` // all content was read
	Summary    map[Finding]int `json:"summary"`
	Items      []Check         `json:"items"`
	Gaps       []Gap           `json:"gaps,omitempty"`
	Excluded   []Ref           `json:"excluded,omitempty"`
}

// KindVerifyReport is the kind of a VerifyReport.
const KindVerifyReport = "VerifyReport"

// Document returns the verification as a document.
func (v Verification) Document(target Target, deep bool, inv Inventory) VerifyReport {
	items := v.Checks
	if items == nil {
		items = []Check{}
	}
	summary := map[Finding]int{}
	for _, c := range items {
		summary[c.Finding]++
	}
	return VerifyReport{
		APIVersion: APIVersion, Kind: KindVerifyReport, Target: target.String(), Deep: deep, Summary: summary, Items: items, Gaps: inv.Gaps, Excluded: inv.Excluded,
	}
}

// Broken returns the part of a plan that must be copied again.
func (v Verification) Broken(plan Plan) Plan {
	broken := Plan{Target: plan.Target}
	for i, c := range v.Checks {
		if c.Finding.Broken() {
			broken.Copies = append(broken.Copies, plan.Copies[i])
		}
	}
	return broken
}

// Updated returns the verification with checks replaced by those of a later verification of a part
// of the plan.
func (v Verification) Updated(later Verification) Verification {
	type place struct{ source, target Ref }
	newer := map[place]Check{}
	for _, c := range later.Checks {
		newer[place{c.Source, c.Target}] = c
	}
	updated := Verification{Checks: slices.Clone(v.Checks)}
	for i, c := range updated.Checks {
		if n, ok := newer[place{c.Source, c.Target}]; ok {
			updated.Checks[i] = n
		}
	}
	return updated
}
