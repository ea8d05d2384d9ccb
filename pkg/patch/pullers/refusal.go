package pullers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Refused is something that a puller could not pull.
type Refused struct {
	Ref   images.Ref
	Class images.Class
	Cause string // in one line
}

// Refusal is what one puller could not pull.
type Refusal struct {
	Puller
	Refused []Refused
}

// Error says that a mirror is good for the user, and not for those who will pull from it.
type Error struct {
	Mirror   images.Target
	Refusals []Refusal
}

func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s has the images, but some clients could not pull them after the change; nothing was changed:", e.Mirror)
	for _, refusal := range e.Refusals {
		fmt.Fprintf(&text, "\n  %s", refusal)
	}
	text.WriteString("\nTo skip this check, pass --skip-verify")
	return text.String()
}

// String says who is refused, why, and what to do.
func (r Refusal) String() string {
	if r.Err != nil {
		return fmt.Sprintf("%s: the credentials cannot be read: %v", r.Name, r.Err)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: ", r.Name)
	for i, cause := range r.causes() {
		if i > 0 {
			text.WriteString("; ")
		}
		text.WriteString(cause)
	}
	switch {
	case r.has(images.ClassAuth) && r.Docker == nil:
		fmt.Fprintf(&text, ": the mirror needs a login, and %s\n    %s", r.Lacks, r.Puller.Remedy)
	case r.has(images.ClassAuth):
		fmt.Fprintf(&text, ": the mirror refuses the credentials\n    %s", r.Puller.Remedy)
	}
	if r.has(images.ClassTLS) {
		fmt.Fprintf(&text, "\n    %s", r.Trust.Remedy)
	}
	return text.String()
}

func (r Refusal) has(class images.Class) bool {
	return slices.ContainsFunc(r.Refused, func(refused Refused) bool { return refused.Class == class })
}

// causes are the causes with how many images each concerns.
func (r Refusal) causes() []string {
	var causes []string
	counts := map[string]int{}
	for _, refused := range r.Refused {
		if counts[refused.Cause]++; counts[refused.Cause] == 1 {
			causes = append(causes, refused.Cause)
		}
	}
	const shown = 5
	for i, cause := range causes {
		if i == shown {
			return append(causes[:shown], fmt.Sprintf("and %d more causes", len(causes)-shown))
		}
		of := "1 image"
		if n := counts[cause]; n > 1 {
			of = fmt.Sprintf("%d images", n)
		}
		causes[i] = of + ": " + cause
	}
	return causes
}
