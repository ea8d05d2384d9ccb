package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// NotApprovedError says that a list is not the one that was approved.
type NotApprovedError struct {
	List, Digest, Approved string
}

func (e *NotApprovedError) Error() string {
	return fmt.Sprintf("--approved: the list %s has the digest %s, and %s was approved; nothing was copied. Copy the list that was approved, or have this list approved", e.List, e.Digest, e.Approved)
}

// digestOfList returns the digest of the bytes of a list, as sha256sum prints it.
func digestOfList(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// approvedDigest reads the digest of --approved; "" is none. list is the list of --images.
func approvedDigest(text, list string) (string, error) {
	switch {
	case text == "":
		return "", nil
	case list == "":
		return "", option.Usagef("--approved is the digest of a list: pass the list with --images, too")
	}
	digest := "sha256:" + strings.TrimPrefix(strings.ToLower(text), "sha256:")
	if !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(digest) {
		return "", option.Usagef("--approved %q: write sha256: and the 64 hex digits that sha256sum prints for the list", text)
	}
	return digest, nil
}

// checkApproved returns a *NotApprovedError for a list with another digest than the approved one.
func (s selection) checkApproved(digest string) error {
	if s.approved == "" || s.approved == digest {
		return nil
	}
	return &NotApprovedError{List: s.list, Digest: digest, Approved: s.approved}
}
