package registry

import (
	"errors"
	"log"
	"net"
	"net/http"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
)

const headerLimit = 10 * time.Second

// Memory is a registry of another make, cuelabs' ociregistry: it has the referrers API, and keeps everything in memory.
type Memory struct {
	// Host is its host and port. It speaks HTTP and lets everyone in.
	Host string

	server *http.Server
}

// StartMemory starts one on a free port of loopback.
func StartMemory() (*Memory, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	registry := &Memory{
		Host:   listener.Addr().String(),
		server: &http.Server{Handler: ociserver.New(ocimem.New(), nil), ReadHeaderTimeout: headerLimit},
	}
	go func() {
		if err := registry.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Printf("registry %s: %v", registry.Host, err)
		}
	}()

	return registry, nil
}

// Stop ends the registry at once.
func (m *Memory) Stop() {
	if err := m.server.Close(); err != nil {
		log.Printf("stopping registry %s: %v", m.Host, err)
	}
}
