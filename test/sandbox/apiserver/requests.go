package apiserver

import (
	"cmp"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	genericapiserver "k8s.io/apiserver/pkg/server"
)

// plugin is how the plugin's User-Agent begins.
const plugin = "kubectl-kkp-mirror/"

// Requests writes down what the plugin asks the API servers, and delays it.
type Requests struct {
	latency time.Duration
	mutex   sync.Mutex
	log     *os.File
}

// NewRequests appends a line to the file for each request of the plugin, such as
// "hamburg GET /api/v1/pods?limit=500", and answers each of them after the latency.
func NewRequests(file string, latency time.Duration) (*Requests, error) {
	opened, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return &Requests{latency: latency, log: opened}, err
}

// Close closes the file.
func (r *Requests) Close() {
	if err := r.log.Close(); err != nil {
		log.Printf("closing %s: %v", r.log.Name(), err)
	}
}

// watch puts a handler before all others of an API server, and one after those that decide who may do what.
func (r *Requests) watch(server string, pods UserPods, config *genericapiserver.Config) {
	build := config.BuildHandlerChainFunc
	config.BuildHandlerChainFunc = func(inner http.Handler, config *genericapiserver.Config) http.Handler {
		next := build(pods.answer(inner), config)

		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			request, cluster := toStandIn(request)
			if strings.HasPrefix(request.UserAgent(), plugin) {
				r.write(cmp.Or(cluster, server), request)
				time.Sleep(r.latency)
			}
			next.ServeHTTP(w, request)
		})
	}
}

func (r *Requests) write(server string, request *http.Request) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, err := fmt.Fprintf(r.log, "%s %s %s\n", server, request.Method, request.URL.RequestURI()); err != nil {
		log.Printf("writing a request down: %v", err)
	}
}
