package kkp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Bounds of a list, in bytes of JSON. Everybody who may create objects decides how many objects
// there are, and how large they are.
const (
	pageSize       = 500       // objects per request
	maxPodsBytes   = 1 << 30   // the pods of a cluster
	maxListBytes   = 256 << 20 // the other objects of a resource
	maxUserBytes   = 32 << 20  // the objects of a resource in a user cluster, whose users create them
	maxObjectBytes = 8 << 20   // etcd stores at most 1.5 MiB
	minPageBytes   = 16 << 10  // what a page counts at least, so that empty pages end
)

// query selects the objects of a list.
type query struct {
	resource  schema.GroupVersionResource
	namespace string // "": all namespaces
	labels    string // selector
	fields    string // selector
	perPage   int64  // 0: pageSize
	maxBytes  int64  // 0: maxListBytes
}

// tooLargeError says that a list was not read to its end.
type tooLargeError struct {
	resource string
	bytes    int64
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the list of %s has more than %d MiB; the rest was not read", e.resource, e.bytes>>20)
}

// each reads a list in JSON page by page, and calls do for each object. Only the fields of T are
// decoded. The object is decoded where the list is read, and is not kept. do gets an error for an
// object with a field of another type. The first error of do ends the list.
func each[T any](ctx context.Context, client Client, q query, do func(T, error) error) error {
	return eachAs(ctx, client, q, "application/json", decodePage[T], do)
}

// eachAs is each for a media type, and what decodes a page of it.
func eachAs[T any](
	ctx context.Context, client Client, q query, accept string, decode func(*pageReader, func(T, error) error) (next string, err error), do func(T, error) error,
) error {
	left := cmp.Or(q.maxBytes, maxListBytes)
	tooLarge := &tooLargeError{resource: q.resource.Resource, bytes: left}
	var stopped error
	until := func(object T, err error) error {
		stopped = do(object, err)
		return stopped
	}
	for next := ""; ; {
		body, err := q.page(ctx, client, accept, next)
		if token := resumeToken(err); token != "" && token != next && left > 0 {
			next, left = token, left-minPageBytes
			continue
		}
		if err != nil {
			return err
		}
		page := &pageReader{body: body, left: left}
		next, err = decode(page, until)
		_ = body.Close()
		switch {
		case stopped != nil:
			return stopped
		case page.exceeded:
			return tooLarge
		case page.failure != nil:
			return &url.Error{Op: "reading the list of", URL: q.resource.Resource, Err: page.failure}
		case err != nil:
			return fmt.Errorf("the list of %s: %w", q.resource.Resource, err)
		case next == "":
			return nil
		}
		if left = min(page.left, left-minPageBytes); left <= 0 {
			return tooLarge
		}
	}
}

// page requests one page of a list.
func (q query) page(ctx context.Context, client Client, accept, next string) (io.ReadCloser, error) {
	if client.REST == nil {
		return nil, errors.New("the client of the API server cannot list objects")
	}
	path := []string{"/apis", q.resource.Group, q.resource.Version}
	if q.resource.Group == "" {
		path = []string{"/api", q.resource.Version}
	}
	if q.namespace != "" {
		path = append(path, "namespaces", q.namespace)
	}
	request := client.REST.Get().AbsPath(append(path, q.resource.Resource)...).SetHeader("Accept", accept)
	for name, value := range map[string]string{
		"limit": strconv.FormatInt(cmp.Or(q.perPage, pageSize), 10), "continue": next, "labelSelector": q.labels, "fieldSelector": q.fields,
	} {
		if value != "" {
			request.Param(name, value)
		}
	}
	return request.Stream(ctx)
}

// resumeToken returns the token with which a list goes on that took so long that its first page
// is out of date, "" for other errors. The objects that follow can be newer than the others.
func resumeToken(err error) string {
	var status apierrors.APIStatus
	if !apierrors.IsResourceExpired(err) || !errors.As(err, &status) {
		return ""
	}
	return status.Status().Continue
}

// list reads the objects of a list and converts each of them. The error names the objects that
// could not be decoded; the others are returned with it.
func list[T any](ctx context.Context, client Client, q query, from func(*unstructured.Unstructured) (T, error)) ([]T, error) {
	var views []T
	var failures []error
	err := each(ctx, client, q, func(obj wholeObject, err error) error {
		var view T
		if err == nil {
			view, err = from(&obj.Unstructured)
		}
		if err != nil {
			failures = append(failures, err)
			return nil
		}
		views = append(views, view)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return views, errors.Join(failures...)
}

// listViews is list for the fields of a view. kind is for the errors of objects without one.
func listViews[V failing, T any](ctx context.Context, client Client, q query, kind string, of func(V) T) ([]T, error) {
	views := viewList[V, T]{kind: kind, of: of}
	return views.result(each(ctx, client, q, views.add))
}

// failing makes the error of an object that could not be decoded.
type failing interface {
	failed(kind string, err error) error
}

// viewList collects what a list has.
type viewList[V failing, T any] struct {
	kind     string
	of       func(V) T
	found    []T
	failures []error
}

func (l *viewList[V, T]) add(view V, err error) error {
	if err != nil {
		l.failures = append(l.failures, view.failed(l.kind, err))
	} else {
		l.found = append(l.found, l.of(view))
	}
	return nil
}

func (l *viewList[V, T]) result(err error) ([]T, error) {
	return l.found, cmp.Or(err, errors.Join(l.failures...))
}

// itself is for lists of whole objects.
func itself(obj *unstructured.Unstructured) (*unstructured.Unstructured, error) { return obj, nil }
