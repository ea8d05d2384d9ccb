package upstream

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/distribution/reference"
)

// ReadReferences reads one reference per line and returns each once, normalised, in order. Empty lines and lines that
// start with # are skipped.
func ReadReferences(r io.Reader) ([]reference.Named, error) {
	var references []reference.Named
	seen := map[string]bool{}
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		named, err := reference.ParseNormalizedNamed(line)
		if err != nil {
			return nil, fmt.Errorf("image %q: %w", line, err)
		}
		named = reference.TagNameOnly(named)
		if !seen[named.String()] {
			seen[named.String()] = true
			references = append(references, named)
		}
	}

	return references, scanner.Err()
}

// location returns the repository in the stand-in registry that holds the image, {host}/{path}, and its tag, which is
// empty for a reference by digest only.
func location(named reference.Named) (repository, tag string) {
	if tagged, ok := named.(reference.Tagged); ok {
		tag = tagged.Tag()
	}

	return reference.Domain(named) + "/" + reference.Path(named), tag
}

// unpinned returns the reference without its digest. The content of an image cannot follow from its own digest.
func unpinned(named reference.Named) reference.Named {
	bare := reference.TrimNamed(named)
	if tagged, ok := named.(reference.Tagged); ok {
		if with, err := reference.WithTag(bare, tagged.Tag()); err == nil {
			return with
		}
	}

	return bare
}
