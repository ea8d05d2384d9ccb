package failure

import (
	"errors"
	"net/http"
	"regexp"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// place is where something is pushed to.
type place int

const (
	nowhere place = iota
	project
	repository
)

// missingPlace is what has to be created before the push that failed can succeed. Harbor
// answers that there is no such project, with 404 or 403 and one of several codes; ECR
// answers that there is no such repository. Only the message tells them apart.
func missingPlace(err error) place {
	var status *transport.Error
	if !errors.As(err, &status) || !IsPush(err) {
		return nowhere
	}
	says := func(pattern string) bool {
		return matchesMessage(status, regexp.MustCompile(pattern))
	}
	switch status.StatusCode {
	case http.StatusNotFound:
		if says(`(?i)\bproject\b`) {
			return project
		}
		return repository
	case http.StatusForbidden:
		if says(`(?i)\bproject\b.*\b(not found|not exist)`) {
			return project
		}
		if says(`(?i)\brepository\b.*\b(not found|not exist)`) {
			return repository
		}
	}
	return nowhere
}

// IsAboutRepository tells whether a refusal is about one repository only, as Harbor says for
// projects that it does not have, or that the account may not write to.
func IsAboutRepository(e *transport.Error) bool {
	return matchesMessage(e, regexp.MustCompile(`(?i)to access repository`))
}

// IsMissingPlace tells whether a push failed because its project or repository must be
// created first.
func IsMissingPlace(err error) bool { return missingPlace(err) != nowhere }

func matchesMessage(e *transport.Error, pattern *regexp.Regexp) bool {
	for _, d := range e.Errors {
		if pattern.MatchString(d.Message) {
			return true
		}
	}
	return false
}
