package mirror

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"path"
	"strings"
)

// maxChecksum bounds a file with checksums, in bytes.
const maxChecksum = 1 << 20

// checksum is the published checksum of a file.
type checksum struct {
	text string // the file that has it, as it is
	hex  string
}

// parseChecksum reads the checksum of a file of a name: alone ("SUM"), before the name ("SUM
// NAME", "SUM *NAME") or behind it ("SHA256 (NAME) = SUM").
func parseChecksum(text, name string) (checksum, error) {
	for line := range strings.SplitSeq(text, "\n") {
		fields := strings.Fields(line)
		var sum, of string
		switch {
		case len(fields) == 1:
			sum = fields[0]
		case len(fields) == 2:
			sum, of = fields[0], strings.TrimPrefix(fields[1], "*")
		case len(fields) == 4 && fields[2] == "=":
			sum, of = fields[3], strings.Trim(fields[1], "()")
		}
		raw, err := hex.DecodeString(sum)
		if err != nil || len(raw) != sha256.Size && len(raw) != sha512.Size {
			continue
		}
		if of == "" || path.Base(of) == name {
			return checksum{text, strings.ToLower(sum)}, nil
		}
	}
	return checksum{}, errors.New("no SHA-256 or SHA-512 checksum of " + name)
}

// hash returns the function of the checksum.
func (c checksum) hash() hash.Hash {
	if len(c.hex) == 2*sha512.Size {
		return sha512.New()
	}
	return sha256.New()
}

// check compares the checksum with what was hashed.
func (c checksum) check(h hash.Hash) error {
	if got := hex.EncodeToString(h.Sum(nil)); got != c.hex {
		return &ChecksumError{Want: c.hex, Got: got}
	}
	return nil
}

// EmptyError is a copy without content.
type EmptyError struct{}

func (*EmptyError) Error() string { return "the answer is empty, or is not a file" }

// ChecksumError is a file that does not have its published checksum.
type ChecksumError struct{ Want, Got string }

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("its checksum is %s, and the published one is %s", e.Got, e.Want)
}
