// Package failure defines the errors of registries and archives. An error reports by its
// methods its class, its remedy, and whether a retry may help; the functions of the package
// call these methods. The package must not know the protocol of registries.
package failure

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// OperationError adds the failed operation to an error: what was done, and to which object.
type OperationError struct {
	Doing    string // "pulling", "pushing", "reading", "writing"
	Where    string // the reference, with the registry through which it is accessed
	What     string // the part of the image; "" for the image itself
	AtTarget bool   // the error occurred at the target
	Err      error
}

func (e *OperationError) Error() string {
	s := e.Doing + " " + e.Where + ": "
	if e.What != "" {
		s += e.What + ": "
	}
	return s + Describe(e.Err)
}

func (e *OperationError) Unwrap() error { return e.Err }

// RejectedError is an error that a retry cannot change.
type RejectedError struct {
	As     images.Class
	Msg    string
	Advice string // remedy; "": the remedy of the class
}

func (e *RejectedError) Error() string { return e.Msg }

// Class returns the class of the error.
func (e *RejectedError) Class() images.Class { return e.As }

// Remedy returns what to do, or "" for the remedy of the class.
func (e *RejectedError) Remedy() string { return e.Advice }

// Transient reports that a retry does not help.
func (e *RejectedError) Transient() bool { return false }

// NotFoundError is a manifest or blob that does not exist.
type NotFoundError struct {
	Name  string
	Where string // such as "the archive"
}

func (e *NotFoundError) Error() string { return e.Name + " is not in " + e.Where }

// Class returns the class of the error.
func (e *NotFoundError) Class() images.Class { return images.ClassNotFound }

// NotFound reports that the object does not exist.
func (e *NotFoundError) NotFound() bool { return true }

// DigestError is content that does not match its digest.
type DigestError struct{ Want, Got string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("the content of %s is %s", e.Want, e.Got)
}

// Class returns the class of the error.
func (e *DigestError) Class() images.Class { return images.ClassDigest }

// Transient reports that a retry does not help.
func (e *DigestError) Transient() bool { return false }

// carryAgain is the remedy for a damaged archive.
const carryAgain = "the archive is damaged: carry it here again, or write it anew with 'sync'"

// DamagedError is an archive with a missing or damaged member.
type DamagedError struct {
	Member  string // of the archive; "" if unknown
	Reason  string
	Missing bool // the member does not exist
}

func (e *DamagedError) Error() string {
	if e.Member == "" {
		return "the archive is truncated or damaged: " + e.Reason
	}
	return "the archive is truncated or damaged: " + e.Member + " " + e.Reason
}

// Class returns the class of the error.
func (e *DamagedError) Class() images.Class { return images.ClassDigest }

// Remedy returns what to do.
func (e *DamagedError) Remedy() string { return carryAgain }

// Transient reports that a retry does not help.
func (e *DamagedError) Transient() bool { return false }
