package status

import (
	"errors"
	"net/http"
	"regexp"
)

// missing is what a registry lacks before something can be pushed.
type missing int

const (
	nothing missing = iota
	project
	repository
)

// missing is what has to be created before the push that failed can succeed. Harbor
// answers that there is no such project, with 404 or 403 and one of several codes; ECR
// answers that there is no such repository. Only the message tells them apart.
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
	case http.StatusForbidden:
		if e.says(`(?i)\bproject\b.*\b(not found|not exist)`) {
			return project
		}
		if e.says(`(?i)\brepository\b.*\b(not found|not exist)`) {
			return repository
		}
	}
	return nothing
}

// AboutRepository tells whether a refusal is about one repository only, as Harbor says for
// projects that it does not have, or that the account may not write to.
func (e *Error) AboutRepository() bool { return e.says(`(?i)to access repository`) }

// IsMissing tells whether a push failed because its project or repository must be created
// first.
func IsMissing(err error) bool {
	var status *Error
	return errors.As(err, &status) && status.missing() != nothing
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
