package images

import "slices"

// Finding says what a check found.
type Finding string

// The findings of a check.
const (
	Verified   Finding = "verified"   // all of it is there, and is what it should be
	Missing    Finding = "missing"    // there is no such image
	Different  Finding = "different"  // there is another image under its name
	Incomplete Finding = "incomplete" // parts of it are missing or damaged
	Unknown    Finding = "unknown"    // it could not be checked
)

// Broken reports whether the image has to be copied to become what it should be.
func (f Finding) Broken() bool { return f == Missing || f == Different || f == Incomplete }

// Check is what was found out about one image at the target.
type Check struct {
	Source   Ref       `json:"source"`
	Target   Ref       `json:"target"`
	Also     []string  `json:"also,omitempty"` // the second places that an archive has to note
	Kind     Kind      `json:"kind,omitempty"`
	Finding  Finding   `json:"finding"`
	Digest   string    `json:"digest,omitempty"`   // what is there
	Expected string    `json:"expected,omitempty"` // what should be there
	Moved    *Move     `json:"moved,omitempty"`    // where the image is, if it is gone from its source
	Problems []Problem `json:"problems,omitempty"` // of an incomplete image
	Class    Class     `json:"class,omitempty"`    // why it is unknown
	Error    string    `json:"error,omitempty"`
	Cause    string    `json:"cause,omitempty"` // the error without the image, as for others with the same cause

	// Uncompared tells of an unknown one that all of it is at the target, and that its source
	// did not tell whether it is the right one.
	Uncompared bool `json:"uncompared,omitempty"`
}

// Problem is a part of an image that is missing or damaged.
type Problem struct {
	Part   string `json:"part"` // "manifest", "blob", "referrer", "place"
	Digest string `json:"digest"`
	Detail string `json:"detail"` // "missing", with the platform of a manifest, or what is wrong

	Damaged bool `json:"-"` // it is there, with other content than its digest says
}

// Verification is what was found out about a plan, in its order.
type Verification struct {
	Checks []Check
}

// VerifyReport is a verification as a document.
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

// Broken returns the part of a plan that has to be copied, so that the target becomes
// what it should be.
func (v Verification) Broken(plan Plan) Plan {
	broken := Plan{Target: plan.Target}
	for i, c := range v.Checks {
		if c.Finding.Broken() {
			broken.Copies = append(broken.Copies, plan.Copies[i])
		}
	}
	return broken
}

// Updated returns the verification with the checks of a later one, of a part of the plan, in
// the place of the earlier ones.
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
