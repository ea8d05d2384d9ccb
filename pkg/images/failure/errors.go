// Package failure knows what goes wrong between registries and archives. Each error tells
// by methods of its own which class it is of, what to do about it, and whether another try
// may help; the functions here ask it. The package tries nothing itself, prints nothing,
// and must not know the protocol of registries.
package failure

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// OperationError says what was tried on what.
type OperationError struct {
	Doing    string // "pulling", "pushing", "reading", "writing"
	Where    string // the reference, and through what it is reached
	What     string // the part of the image; "" if it is the image itself
	AtTarget bool   // it happened where the image is written
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

// RejectedError is something that will not be done, whoever is asked how often.
type RejectedError struct {
	As     images.Class
	Msg    string
	Advice string // what to do, "" for what helps against the class
}

func (e *RejectedError) Error() string { return e.Msg }

// Class tells the class of the error.
func (e *RejectedError) Class() images.Class { return e.As }

// Remedy is what to do about it, "" for what helps against the class.
func (e *RejectedError) Remedy() string { return e.Advice }

// Transient tells that another try does not help.
func (e *RejectedError) Transient() bool { return false }

// NotFoundError is a manifest or a blob that is not there.
type NotFoundError struct {
	Name  string
	Where string // "the archive"
}

func (e *NotFoundError) Error() string { return e.Name + " is not in " + e.Where }

// Class tells the class of the error.
func (e *NotFoundError) Class() images.Class { return images.ClassNotFound }

// NotFound tells that there is no such thing.
func (e *NotFoundError) NotFound() bool { return true }

// DigestError is content that is not what its digest says.
type DigestError struct{ Want, Got string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("the content of %s is %s", e.Want, e.Got)
}

// Class tells the class of the error.
func (e *DigestError) Class() images.Class { return images.ClassDigest }

// Transient tells that another try does not help.
func (e *DigestError) Transient() bool { return false }

// DamagedError is an archive that lacks something, or has something else in its place.
type DamagedError struct {
	Member  string // of the archive, "" if it is not known
	Reason  string
	Missing bool // the member is not there
}

func (e *DamagedError) Error() string {
	if e.Member == "" {
		return "the archive is cut or damaged: " + e.Reason
	}
	return "the archive is cut or damaged: " + e.Member + " " + e.Reason
}

// Class tells the class of the error.
func (e *DamagedError) Class() images.Class { return images.ClassDigest }

// Transient tells that another try does not help.
func (e *DamagedError) Transient() bool { return false }
