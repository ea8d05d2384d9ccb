package main

import (
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

// layerBytes is the size of each layer of an image that registry makes.
const layerBytes = 16 << 10

// hubPulls is the number of pulls that a registry like Docker Hub allows. An image needs three:
// for its index, and for each platform.
const hubPulls = 4

// startRegistry starts a registry in memory that lasts as long as the script, and sets a
// variable to its host: registry [-private|-harbor|-ecr|-hub|-apart] NAME [REPOSITORY:TAG...]. Each
// REPOSITORY:TAG becomes an image for two platforms. All images share one layer; with -apart, only
// those do whose repositories begin with the same element. A private registry does not tell what it
// does not have; the others are like Harbor, Amazon ECR and Docker Hub.
func startRegistry(ts *testscript.TestScript, neg bool, args []string) {
	kind := ""
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		kind, args = args[0], args[1:]
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: registry [-private|-harbor|-ecr|-hub|-apart] NAME [REPOSITORY:TAG...]")
	}
	registry := registrytest.New(registrytest.Options{})
	for _, reference := range args[1:] {
		group := ""
		if kind == "-apart" {
			group, _, _ = strings.Cut(reference, "/")
		}
		ts.Check(addImage(registry, reference, group))
	}
	handler := http.Handler(registry)
	switch kind {
	case "-private":
		handler = secretive(handler)
	case "-harbor":
		handler = likeHarbor(handler)
	case "-ecr":
		handler = likeECR(handler, "kkp/library/alpine")
	case "-hub":
		handler = registrytest.Limit(handler, registrytest.Limits{Pulls: hubPulls, Window: 6 * time.Hour})
	}
	server := httptest.NewServer(handler)
	ts.Defer(server.Close)
	ts.Setenv(args[0], strings.TrimPrefix(server.URL, "http://"))
}

// secretive answers requests for manifests that are not there as Docker Hub does: with 401.
func secretive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && strings.Contains(r.URL.Path, "/manifests/") {
			answer := httptest.NewRecorder()
			if next.ServeHTTP(answer, r); answer.Code == http.StatusNotFound {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// addImage puts an image into a registry. Its content follows from its reference, but for the layer
// that it shares with the images of the same group.
func addImage(registry *registrytest.Registry, reference, group string) error {
	seed := uint64(1)
	if group != "" {
		seed = hash(group)
	}
	shared, err := registrytest.NewLayer(seed, layerBytes)
	if err != nil {
		return err
	}
	layers := map[string][]registrytest.Layer{}
	for _, arch := range []string{"amd64", "arm64"} {
		own, err := registrytest.NewLayer(hash(reference+" "+arch), layerBytes)
		if err != nil {
			return err
		}
		layers[arch] = []registrytest.Layer{shared, own}
	}
	repository, tag, _ := strings.Cut(reference, ":")
	_, err = registry.AddImage(repository, tag, layers)
	return err
}

func hash(text string) uint64 {
	sum := fnv.New64a()
	sum.Write([]byte(text))
	return sum.Sum64()
}
