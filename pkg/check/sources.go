package check

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// sourcesDefinitions returns the checks of a section that compare a mirror with the sources of its
// content. copied is the command that copies what the section wants.
func sourcesDefinitions(section Section, copied string) []Definition {
	return []Definition{
		{id(section, "source-different"), []Status{StatusNotReady}, "with --compare-sources: an image or chart whose digest in the mirror is not that of its source", copied},
		{id(section, "source"), []Status{StatusOK, StatusWarning}, "with --compare-sources: how many digests are those of the sources, and which sources could not be asked", "pass a lock with --images, which needs no access to the sources"},
	}
}

// Sources are the registries from which the content of a mirror is copied, as far as they could be asked.
type Sources struct {
	Digests map[images.Ref]string // of images without a known digest
	Silent  map[images.Ref]string // why a source could not be asked for an image
}

// WithoutDigest returns the images of an inventory whose digest is not known, and that the mirror has.
func (c Content) WithoutDigest() []images.Ref {
	var refs []images.Ref
	for _, img := range c.Inventory.Images {
		if c.wanted(img) == "" && c.Answers[asked(c.Target.Ref(img.Ref))].There() {
			refs = append(refs, img.Ref)
		}
	}
	return refs
}

// moved reports whether the source of an image has another digest than the mirror.
func (c Content) moved(img images.Image, answer Answer) bool {
	digest := c.Sources.Digests[img.Ref]
	return c.wanted(img) == "" && digest != "" && digest != answer.Digest
}

func (c Content) sourceDifferent(img images.Image, place images.Ref, answer Answer) Finding {
	return Finding{
		ID: id(c.Section, "source-different"), Status: StatusNotReady, Subject: img.Ref.String(),
		Reason: fmt.Sprintf("%s has the digest %s, and the source has %s", place, answer.Digest, c.Sources.Digests[img.Ref]),
		Remedy: &Remedy{Text: "copy the image again, or pass a lock with --images if the mirror must keep the older content", Command: c.command(img)},
	}
}

// compared returns the findings for the sources: how many images were compared, and for each cause
// those that were not.
func (c Content) compared() []Finding {
	var findings []Finding
	var silent groups
	same := 0
	for _, img := range c.Inventory.Images {
		answer := c.Answers[asked(c.Target.Ref(img.Ref))]
		if cause := c.Sources.Silent[img.Ref]; cause != "" {
			silent.add(cause, img.Ref.String())
		} else if digest := c.Sources.Digests[img.Ref]; digest != "" && digest == answer.Digest {
			same++
		}
	}
	if same > 0 {
		findings = append(findings, Finding{ID: id(c.Section, "source"), Status: StatusOK, Subject: plural(same, "image or chart", "images and charts"), Reason: "have the digest of their source"})
	}
	for _, g := range silent {
		findings = append(findings, finding(id(c.Section, "source"), StatusWarning, g.subject(), "not compared with the source: "+g.cause,
			"compare with a lock (--images), which needs no access to the sources, or let this machine reach the source"))
	}
	return findings
}
