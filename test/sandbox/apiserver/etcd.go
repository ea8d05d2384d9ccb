package apiserver

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// Etcd is the store behind the API servers, each of which keeps to a prefix of its own.
type Etcd struct {
	server *embed.Etcd

	// URL is where clients reach it.
	URL string
}

// StartEtcd starts an etcd whose data and log live in dir. It is tuned for speed: nothing is synced to disk.
func StartEtcd(ctx context.Context, dir string) (*Etcd, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}

	config := embed.NewConfig()
	config.Dir = filepath.Join(dir, "data")
	config.LogOutputs = []string{filepath.Join(dir, "etcd.log")}
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls, config.AdvertisePeerUrls = anyPort, anyPort
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.EnableGRPCGateway = false
	// The only member is elected as soon as it asks.
	config.TickMs, config.ElectionMs = 10, 100

	server, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("starting etcd: %w", err)
	}
	etcd := &Etcd{server: server, URL: "http://" + server.Clients[0].Addr().String()}

	select {
	case <-server.Server.ReadyNotify():
		return etcd, nil
	case err := <-server.Err():
		etcd.Stop()
		return nil, fmt.Errorf("starting etcd: %w", err)
	case <-ctx.Done():
		etcd.Stop()
		return nil, context.Cause(ctx)
	case <-time.After(readyTimeout):
		etcd.Stop()
		return nil, fmt.Errorf("etcd was not ready within %s; see %s", readyTimeout, config.LogOutputs[0])
	}
}

// Stop ends the server. No API server may use it any more.
func (e *Etcd) Stop() {
	e.server.Close()
}
