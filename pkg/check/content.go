package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Answer is what a mirror says about one reference.
type Answer struct {
	Digest string       // "" without a manifest, or if the mirror could not be asked
	Class  images.Class // of the failure; ClassNotFound: the mirror has no manifest
	Cause  string       // the failure in one line, as for other references with the same cause
}

// There reports whether the mirror has a manifest.
func (a Answer) There() bool { return a.Digest != "" }

// Missing reports whether the mirror answers that it has no manifest.
func (a Answer) Missing() bool { return a.Class == images.ClassNotFound }

// Content is what a mirror must have, and what it says.
type Content struct {
	Section   Section // SectionMirror or SectionUpgrade: the identifiers begin with it
	Inventory images.Inventory
	Target    images.Target
	Digests   map[images.Ref]string // of a lock; a reference without an entry has no known digest
	Answers   map[images.Ref]Answer // for each of Places
	Sources   Sources               // of --compare-sources
	Copy      string                // the command that copies the images of the installation
	CopyLock  string                // the command that copies the images of the lock
}

// Places returns the references that a mirror must have for an inventory, each once. A reference
// with tag and digest is looked up by its tag: KKP leaves the digest out in some places (kubermatic
// pkg/ee and cni-application-installation-controller, useDigest: false, v2.31.0).
func Places(inv images.Inventory, target images.Target) []images.Ref {
	var all []images.Ref
	known := map[images.Ref]bool{}
	for _, img := range inv.Images {
		for _, place := range target.Places(img) {
			place = asked(place)
			if !known[place] {
				known[place] = true
				all = append(all, place)
			}
		}
	}
	return all
}

// asked returns the reference by which a place is looked up.
func asked(place images.Ref) images.Ref {
	if place.Tag != "" {
		place.Digest = ""
	}
	return place
}

// Findings judges the content of a mirror: one finding for each image that is missing or different
// in a place, one for the images that could not be looked up for the same cause, and one for all
// others.
func (c Content) Findings() []Finding {
	var bad []Finding
	var unknown groups
	there := 0
	for _, img := range c.Inventory.Images {
		all := true
		for i, place := range c.Target.Places(img) {
			answer := c.Answers[asked(place)]
			switch {
			case answer.Missing():
				bad = append(bad, c.missing(img, place, i > 0))
			case !answer.There():
				unknown.add(cmp.Or(answer.Cause, "the mirror was not asked"), img.Ref.String())
			case c.differs(img, answer):
				bad = append(bad, c.different(img, place, answer))
			case c.moved(img, answer):
				bad = append(bad, c.sourceDifferent(img, place, answer))
			default:
				continue
			}
			all = false
		}
		if all {
			there++
		}
	}
	var findings []Finding
	if there > 0 {
		findings = append(findings, c.present(there))
	}
	findings = append(findings, bad...)
	for _, group := range unknown {
		findings = append(findings, c.unknown(group))
	}
	return slices.Concat(findings, c.compared(), c.gaps())
}

func (c Content) present(n int) Finding {
	subject := plural(n, "image or chart", "images and charts")
	if n < len(c.Inventory.Images) {
		subject = fmt.Sprintf("%d of %d images and charts", n, len(c.Inventory.Images))
	}
	return Finding{ID: id(c.Section, "images"), Status: StatusOK, Subject: subject, Reason: "in " + c.Target.String()}
}

func (c Content) missing(img images.Image, place images.Ref, second bool) Finding {
	f := Finding{
		ID: id(c.Section, "image-missing"), Status: StatusNotReady, Subject: img.Ref.String(), Reason: place.String() + " does not exist",
		Remedy: &Remedy{Text: "copy the missing images and charts into the mirror", Command: c.command(img)},
	}
	if second {
		f.ID = id(c.Section, "place-missing")
		f.Reason += "; KKP also pulls the image there"
	}
	return f
}

// differs reports whether a known digest of an image is another one than that in the mirror.
func (c Content) differs(img images.Image, answer Answer) bool {
	want := c.wanted(img)
	return want != "" && want != answer.Digest
}

func (c Content) wanted(img images.Image) string {
	return cmp.Or(img.Ref.Digest, c.Digests[img.Ref], img.Digest)
}

func (c Content) different(img images.Image, place images.Ref, answer Answer) Finding {
	return Finding{
		ID: id(c.Section, "image-different"), Status: StatusNotReady, Subject: img.Ref.String(),
		Reason: fmt.Sprintf("%s has the digest %s, expected %s", place, answer.Digest, c.wanted(img)),
		Remedy: &Remedy{Text: "copy the images again: the mirror has other content under their names", Command: c.command(img)},
	}
}

// command copies an image: by the lock, if the lock has the image.
func (c Content) command(img images.Image) string {
	if _, locked := c.Digests[img.Ref]; locked {
		return c.CopyLock
	}
	return c.Copy
}

func (c Content) unknown(group group) Finding {
	return Finding{
		ID: id(c.Section, "image-unknown"), Status: StatusUnknown, Subject: group.subject(), Reason: group.cause,
		Remedy: &Remedy{Text: "let this machine read the mirror: log in (docker login), or repair what the reason names"},
	}
}

// gaps returns a finding for each cause of gaps in the list of images.
func (c Content) gaps() []Finding {
	var findings []Finding
	for _, gaps := range images.Causes(c.Inventory.Gaps) {
		findings = append(findings, Finding{
			ID: id(c.Section, "list"), Status: StatusUnknown, Subject: "images of the source " + gaps[0].Source, Reason: cause(gaps),
			Remedy: &Remedy{Text: "remove the cause and check again: the mirror may lack images that are not in the list"},
		})
	}
	return findings
}
