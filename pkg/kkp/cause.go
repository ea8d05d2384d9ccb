package kkp

import (
	"errors"
	"fmt"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// UnreachableError says that nothing of a cluster can be read: its API does not answer, or its
// kubeconfig cannot be read.
type UnreachableError struct {
	Cluster string // "master", "Seed frankfurt"
	Err     error
}

func (e *UnreachableError) Error() string { return e.Err.Error() }

// Unwrap returns the first error.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Cause returns the common cause of all unread parts of the cluster.
func (e *UnreachableError) Cause() string {
	err := e.Err
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	return fmt.Sprintf("%s cannot be read: %v", e.Cluster, err)
}

// ForbiddenError says that the user lacks a permission.
type ForbiddenError struct {
	Cluster string
	Err     error
}

func (e *ForbiddenError) Error() string { return e.Err.Error() }

// Unwrap returns the API server's error.
func (e *ForbiddenError) Unwrap() error { return e.Err }

// Cause returns the missing permission, for all namespaces.
func (e *ForbiddenError) Cause() string {
	var status apierrors.APIStatus
	if !errors.As(e.Err, &status) || status.Status().Details == nil {
		return e.Err.Error()
	}
	details := status.Status().Details
	resource := details.Kind // the API server writes the resource in this field
	if details.Group != "" {
		resource += "." + details.Group
	}
	if details.Name != "" {
		return e.Err.Error() // the error names user, object and namespace
	}
	return fmt.Sprintf("you may not list %s on %s: a role with verb list on resource %s is needed", resource, e.Cluster, resource)
}

// unread returns the error of a request to a cluster, with its common cause.
func unread(cluster string, err error) error {
	var unreachable *UnreachableError
	var request *url.Error
	switch {
	case err == nil, errors.As(err, &unreachable):
		return err
	case apierrors.IsForbidden(err):
		return &ForbiddenError{Cluster: cluster, Err: err}
	case errors.As(err, &request):
		return &UnreachableError{Cluster: cluster, Err: err}
	default:
		return err
	}
}
