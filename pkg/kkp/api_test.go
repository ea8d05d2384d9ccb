package kkp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// apiServer answers get and list requests as an API server does, with selectors and pages.
type apiServer struct {
	objects []*unstructured.Unstructured
	refuse  func(*http.Request) *apierrors.StatusError // nil, or nil from it: nothing is refused
	lacks   func(attributes) bool                      // rights that the user lacks; nil: none

	mu       sync.Mutex
	requests []string // path and query
	reviews  int      // SelfSubjectAccessReviews
}

// attributes are those of a SelfSubjectAccessReview.
type attributes struct{ Verb, Group, Resource, Namespace, Name string }

// review answers a SelfSubjectAccessReview.
func (s *apiServer) review(w http.ResponseWriter, r *http.Request) {
	var review struct {
		Spec struct{ ResourceAttributes attributes }
	}
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.reviews++
	s.mu.Unlock()
	lacks := s.lacks != nil && s.lacks(review.Spec.ResourceAttributes)
	write(w, http.StatusCreated, map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "status": map[string]any{"allowed": !lacks},
	})
}

// newAPI returns an API server with some objects.
func newAPI(objects ...*unstructured.Unstructured) *apiServer {
	return &apiServer{objects: objects}
}

// client returns a client of the server.
func (s *apiServer) client(t *testing.T) kkp.Client {
	t.Helper()
	client, err := clientThrough(s)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// RoundTrip implements http.RoundTripper without a network.
func (s *apiServer) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, r)
	return recorder.Result(), r.Context().Err()
}

// clientThrough returns a client without a limit of requests, and without discovery.
func clientThrough(transport http.RoundTripper) (kkp.Client, error) {
	config := &rest.Config{Host: "https://api.example.com", QPS: -1, Transport: transport}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return kkp.Client{}, err
	}
	api, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return kkp.Client{}, err
	}
	return kkp.Client{Interface: client, REST: api.RESTClient()}, nil
}

// asked returns the requests since the last call.
func (s *apiServer) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// ServeHTTP implements http.Handler.
func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.review(w, r)
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, r.URL.RequestURI())
	s.mu.Unlock()
	if s.refuse != nil {
		if status := s.refuse(r); status != nil {
			refusal(w, status)
			return
		}
	}
	resource, namespace, name := parsePath(r.URL.Path)
	query := r.URL.Query()
	byLabel, _ := labels.Parse(query.Get("labelSelector"))
	byField, _ := fields.ParseSelector(query.Get("fieldSelector"))
	found := []*unstructured.Unstructured{}
	for _, obj := range s.objects {
		plural, _ := meta.UnsafeGuessKindToResource(obj.GroupVersionKind())
		if plural == resource && (namespace == "" || namespace == obj.GetNamespace()) && (name == "" || name == obj.GetName()) &&
			byLabel.Matches(labels.Set(obj.GetLabels())) &&
			byField.Matches(fields.Set{"metadata.name": obj.GetName(), "metadata.namespace": obj.GetNamespace()}) {
			found = append(found, obj)
		}
	}
	switch {
	case name == "":
		page(w, found, query.Get("limit"), query.Get("continue"))
	case len(found) == 0:
		refusal(w, apierrors.NewNotFound(resource.GroupResource(), name))
	default:
		write(w, http.StatusOK, found[0])
	}
}

// page writes a page of a list. The token of a page is the number of objects before it.
func page(w http.ResponseWriter, found []*unstructured.Unstructured, limit, token string) {
	start, _ := strconv.Atoi(token)
	most, _ := strconv.Atoi(limit)
	slices.SortStableFunc(found, func(a, b *unstructured.Unstructured) int {
		return strings.Compare(a.GetNamespace()+"/"+a.GetName(), b.GetNamespace()+"/"+b.GetName())
	})
	end := min(start+most, len(found))
	metadata := map[string]any{"resourceVersion": "1"}
	if end < len(found) {
		metadata["continue"] = strconv.Itoa(end)
	}
	write(w, http.StatusOK, map[string]any{"apiVersion": "v1", "items": found[start:end], "kind": "List", "metadata": metadata})
}

func refusal(w http.ResponseWriter, err *apierrors.StatusError) {
	status := err.ErrStatus
	status.Kind, status.APIVersion = "Status", "v1"
	write(w, int(status.Code), status)
}

func write(w http.ResponseWriter, code int, object any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object)
}

// parsePath returns the parts of a path, such as /apis/GROUP/VERSION/namespaces/NAMESPACE/RESOURCE/NAME.
func parsePath(path string) (resource schema.GroupVersionResource, namespace, name string) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if parts[0] == "apis" {
		resource.Group, parts = parts[1], parts[1:]
	}
	resource.Version, parts = parts[1], parts[2:]
	if parts[0] == "namespaces" && len(parts) > 2 {
		namespace, parts = parts[1], parts[2:]
	}
	resource.Resource = parts[0]
	if len(parts) > 1 {
		name = parts[1]
	}
	return resource, namespace, name
}

// objects parses objects.
func objects(t *testing.T, texts ...string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, text := range texts {
		all = append(all, object(t, text))
	}
	return all
}

// generic returns a typed object as it is in an API.
func generic(t *testing.T, typed runtime.Object) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: content}
}

// forbidden refuses requests whose path and query contain a text.
func forbidden(resource, text string) func(*http.Request) *apierrors.StatusError {
	return func(r *http.Request) *apierrors.StatusError {
		if !strings.Contains(r.URL.RequestURI(), text) {
			return nil
		}
		return apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", fmt.Errorf("no role allows it"))
	}
}
