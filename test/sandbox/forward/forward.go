// Package forward gives a server further addresses, so that clients take one server for many. It knows connections, and not
// what is sent through them.
package forward

import (
	"errors"
	"io"
	"log"
	"net"
	"sync"
)

// Forwarder is a running address.
type Forwarder struct {
	// Address is the host and port.
	Address string

	listener net.Listener
	mutex    sync.Mutex
	open     map[net.Conn]bool // nil: stopped
}

// Start passes connections to a free port of loopback on to a server.
func Start(server string) (*Forwarder, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	forwarder := &Forwarder{Address: listener.Addr().String(), listener: listener, open: map[net.Conn]bool{}}
	go forwarder.accept(server)

	return forwarder, nil
}

// Stop closes the address and all connections.
func (f *Forwarder) Stop() {
	if err := f.listener.Close(); err != nil {
		log.Printf("closing %s: %v", f.Address, err)
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for connection := range f.open {
		_ = connection.Close() // its other side may have closed it
	}
	f.open = nil
}

func (f *Forwarder) accept(server string) {
	for {
		client, err := f.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			log.Printf("accepting at %s: %v", f.Address, err)
			continue
		}
		go f.pass(client, server)
	}
}

// pass copies both directions until one of them ends.
func (f *Forwarder) pass(client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		log.Printf("forwarding %s: %v", f.Address, err)
		return
	}
	defer upstream.Close()
	if !f.keep(client, upstream) {
		return
	}
	defer f.forget(client, upstream)

	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{client, upstream}, {upstream, client}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1]) // an end of any kind ends both directions
			done <- struct{}{}
		}()
	}
	<-done
}

// keep notes open connections, and returns false if the forwarder is stopped.
func (f *Forwarder) keep(connections ...net.Conn) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, connection := range connections {
		if f.open == nil {
			return false
		}
		f.open[connection] = true
	}

	return true
}

func (f *Forwarder) forget(connections ...net.Conn) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, connection := range connections {
		delete(f.open, connection)
	}
}
