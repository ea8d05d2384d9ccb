package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

// place is the addresses of the registries of a benchmark.
type place struct {
	Source, Target, Admin string // host:port
	Terminal              string // the source without link and limits
	Entrances             []entrance
}

// shape is the properties of the link between client and registries.
type shape struct {
	Latency   time.Duration
	Bandwidth int64               // bytes per second, each way; 0: unlimited
	Forget    int                 // see registrytest.Options
	Limits    registrytest.Limits // of the source
	Target    string              // make of a real registry; "": a registry in memory

	Pods  int  // further entrances to the registries, each for one pod
	Apart bool // each of these has a link of its own; otherwise all share the link
	Near  bool // the target of pods is not behind the link, but in their network
}

// limited reports whether the source limits requests or pulls.
func (s shape) limited() bool { return s.Limits != registrytest.Limits{} }

// cargo is the images to copy.
type cargo struct {
	Refs  []string // references without the registry
	Bytes int64    // bytes of the layers that the target lacks, each once
	Blobs int
}

// counts are the requests since the last reading.
type counts struct {
	Source, Target  registrytest.Stats
	Served, Refused int // by the limits of the source
	Pods            []podCounts
}

// registries are the two registries of a benchmark, in a separate process.
type registries struct {
	source, target *registrytest.Registry
	limited        *registrytest.Limited // the source behind its limits
	requests       atomic.Int64          // to a real target
	held           map[v1.Hash]bool      // layers that were filled in before
	pods           []*podSource
}

// serve runs the registries until stdin ends.
func serve(s shape) error {
	r := &registries{
		source: registrytest.New(registrytest.Options{}), target: registrytest.New(registrytest.Options{Forget: s.Forget}), held: map[v1.Hash]bool{},
	}
	r.limited = registrytest.Limit(r.source, s.Limits)
	var target http.Handler = r.target
	if s.Target != "" {
		started, err := startProcess(s.Target)
		if err != nil {
			return err
		}
		defer started.stop()
		target = started.proxy(&r.requests)
	}
	l := newLink(s.Latency, s.Bandwidth)
	var at place
	var err error
	if at.Source, err = listen(l.wrap(r.limited), l); err != nil {
		return err
	}
	if at.Target, err = listen(l.wrap(target), l); err != nil {
		return err
	}
	if at.Admin, err = listen(r.admin(), nil); err != nil {
		return err
	}
	if err = r.open(&at, s, l); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(at); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func listen(handler http.Handler, l *link) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)} //nolint:forbidigo // the server wants a logger to be quiet
	if l != nil {
		server.ConnContext = l.mark
	}
	go func() { _ = server.Serve(listener) }() // until the process ends
	return listener.Addr().String(), nil
}

// admin is the API with which the benchmark fills and queries the registries.
func (r *registries) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /fill", func(w http.ResponseWriter, req *http.Request) {
		var fleet registrytest.Fleet
		if err := json.NewDecoder(req.Body).Decode(&fleet); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		refs, layers, err := fleet.Add(r.source)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		c := cargo{Refs: refs}
		for digest, size := range layers {
			if !r.held[digest] {
				c.Bytes += size
				c.Blobs++
			}
			r.held[digest] = true
		}
		_ = json.NewEncoder(w).Encode(c)
	})
	mux.HandleFunc("POST /take", func(w http.ResponseWriter, _ *http.Request) {
		taken := counts{Source: r.source.Take(), Target: r.target.Take()}
		taken.Target.Requests += int(r.requests.Swap(0))
		taken.Served, taken.Refused = r.limited.Counts()
		for _, pod := range r.pods {
			taken.Pods = append(taken.Pods, pod.take())
		}
		_ = json.NewEncoder(w).Encode(taken)
	})
	return mux
}

// ask calls the admin API of the registries.
func (p place) ask(ctx context.Context, path string, in, out any) error {
	body, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(json.NewEncoder(writer).Encode(in)) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.Admin+path, body)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s: %s: %s", path, resp.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
