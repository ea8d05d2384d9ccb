package kkp

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// namespacesAtOnce bounds the number of namespaces that are read concurrently.
const namespacesAtOnce = 8

// inNamespaces is what was read of some namespaces.
type inNamespaces[T any] struct {
	found  []T
	failed []namespaceError
	across bool // with one list across all namespaces
}

// namespaceError is the error of reading a namespace.
type namespaceError struct {
	namespace string // "": of all namespaces, for the same reason
	err       error
}

// readNamespaces calls read for all namespaces at once (""): one request reads hundreds of
// namespaces. read returns only what is in the given namespaces. If the user may not list across
// namespaces, or the list is too large, read is called for each namespace, several concurrently:
// then somebody who fills one namespace does not hide the others.
func readNamespaces[T any](ctx context.Context, namespaces []string, read func(context.Context, string) ([]T, error)) inNamespaces[T] {
	if len(namespaces) == 1 {
		return readEach(ctx, namespaces, read)
	}
	found, err := read(ctx, metav1.NamespaceAll)
	switch {
	case err == nil:
		return inNamespaces[T]{found: found, across: true}
	case apierrors.IsForbidden(err), errors.As(err, new(*tooLargeError)):
		return readEach(ctx, namespaces, read)
	default:
		return inNamespaces[T]{found: found, failed: []namespaceError{{err: err}}}
	}
}

// readEach calls read for each namespace, several concurrently.
func readEach[T any](ctx context.Context, namespaces []string, read func(context.Context, string) ([]T, error)) inNamespaces[T] {
	parts := make([][]T, len(namespaces))
	failures := make([]error, len(namespaces))
	var group errgroup.Group
	group.SetLimit(namespacesAtOnce)
	for i, namespace := range namespaces {
		group.Go(func() error {
			parts[i], failures[i] = read(ctx, namespace)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in failures
	one := inNamespaces[T]{found: slices.Concat(parts...)}
	for i, err := range failures {
		if err != nil {
			one.failed = append(one.failed, namespaceError{namespaces[i], err})
		}
	}
	return one
}

// unread returns an Unread for each namespace that was not read. what is plural: "pods".
func (n inNamespaces[T]) unread(part Part, what, where string) []Unread {
	var missed []Unread
	for _, failure := range n.failed {
		subject := "namespace " + failure.namespace
		if failure.namespace == "" {
			subject = what
		}
		missed = append(missed, Unread{part, subject + " on " + where, unread(where, failure.err)})
	}
	return missed
}
