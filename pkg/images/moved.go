package images

import "fmt"

// Move is the new repository of an image that is gone from its reference.
type Move struct {
	To   Ref    `json:"to"`
	Fact string `json:"fact"` // issue or pull request about the move, such as "kubermatic/kubermatic#16478"
}

// Note returns a sentence about the move of a source, for a report. done is the use of the new
// repository, such as "taken from".
func (m Move) Note(source Ref, done string) string {
	return fmt.Sprintf("gone from %s, %s %s (%s)", source.Registry, done, m.To, m.Fact)
}
