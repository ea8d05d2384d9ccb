package images

import "fmt"

// Move says where an image is that is gone from where its reference says.
type Move struct {
	To   Ref    `json:"to"`
	Fact string `json:"fact"` // the issue or pull request that says so, such as "kubermatic/kubermatic#16478"
}

// Note is a sentence on the move of a source, for a report. done is what the new place was
// used for, such as "taken from".
func (m Move) Note(source Ref, done string) string {
	return fmt.Sprintf("gone from %s, %s %s (%s)", source.Registry, done, m.To, m.Fact)
}
