// Package relay is the only way out of the sandbox's nodes: an HTTP proxy that lets nobody out, and writes down who wanted
// where. It knows requests, and not who sends them.
package relay

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

const headerLimit = 10 * time.Second

// Relay is a running proxy.
type Relay struct {
	// URL is where clients reach it.
	URL string

	server *http.Server
	mutex  sync.Mutex
	log    *os.File
}

// Start starts a proxy on a free port of loopback. It appends a line to the file for each request, such as
// "CONNECT quay.io:443".
func Start(file string) (*Relay, error) {
	opened, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	relay := &Relay{URL: "http://" + listener.Addr().String(), log: opened}
	relay.server = &http.Server{Handler: relay, ReadHeaderTimeout: headerLimit}
	go func() {
		if err := relay.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Printf("relay: %v", err)
		}
	}()

	return relay, nil
}

// Stop ends the proxy at once.
func (r *Relay) Stop() {
	if err := errors.Join(r.server.Close(), r.log.Close()); err != nil {
		log.Printf("stopping the relay: %v", err)
	}
}

// ServeHTTP writes the request down and refuses it.
func (r *Relay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	target := request.Host // of a CONNECT
	if request.Method != http.MethodConnect {
		target = request.URL.String()
	}
	r.mutex.Lock()
	_, err := fmt.Fprintf(r.log, "%s %s\n", request.Method, target)
	r.mutex.Unlock()
	if err != nil {
		log.Printf("relay: %v", err)
	}
	http.Error(w, "the sandbox lets nobody out", http.StatusForbidden)
}
