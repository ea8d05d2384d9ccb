package status

import (
	"errors"
	"net/http"
	"regexp"
)

// missing is an object that must be created in a registry before a push.
type missing int

const (
	nothing missing = iota
	project
	repository
)

// missing returns the object that must be created before the push can succeed. For a
// missing project, Harbor answers 401, 403 or 404 with one of several codes (401: harbor
// src/server/middleware/v2auth/auth.go); for a missing repository, ECR answers 404. Only
// the messages differ.
func (e *Error) missing() missing {
	if !e.Push {
		return nothing
	}
	switch e.Answer.StatusCode {
	case http.StatusNotFound:
		if e.says(`(?i)\bproject\b`) {
			return project
		}
		return repository
	case http.StatusUnauthorized, http.StatusForbidden:
		if e.says(`(?i)\bproject\b.*\b(not found|not exist)`) {
			return project
		}
		if e.says(`(?i)\brepository\b.*\b(not found|not exist)`) {
			return repository
		}
	}
	return nothing
}

// AboutRepository reports whether a refusal concerns one repository only. Harbor sends such
// a refusal for a missing project, and for a project without write permission.
func (e *Error) AboutRepository() bool { return e.says(`(?i)to access repository`) }

// IsMissing reports whether a push failed because its project or repository must be created
// first, while others can go on. After a 401 they cannot: HEAD requests would be answered in
// the same way, without a reason.
func IsMissing(err error) bool {
	var status *Error
	return errors.As(err, &status) && status.missing() != nothing && status.Answer.StatusCode != http.StatusUnauthorized
}

func (e *Error) says(pattern string) bool {
	wanted := regexp.MustCompile(pattern)
	for _, d := range e.Answer.Errors {
		if wanted.MatchString(d.Message) {
			return true
		}
	}
	return false
}
