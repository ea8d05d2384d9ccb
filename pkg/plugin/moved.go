package plugin

import (
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

// movesOf returns the known new places of an image that is gone from its source.
func movesOf(ref images.Ref) []images.Move {
	var moves []images.Move
	for _, known := range catalog.Moves(ref.Name(), ref.Tag) {
		to := ref
		to.Registry, to.Repository, _ = strings.Cut(known.To, "/")
		moves = append(moves, images.Move{To: to, Fact: known.Fact})
	}
	return moves
}
