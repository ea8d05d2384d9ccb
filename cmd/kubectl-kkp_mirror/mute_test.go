package main

import (
	"net"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// startMute starts a server that takes connections and never says anything, and sets a
// variable to its host: mute NAME.
func startMute(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mute NAME")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the script
	ts.Check(err)
	var mu sync.Mutex
	var open []net.Conn
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, connection)
			mu.Unlock()
		}
	}()
	ts.Defer(func() {
		_ = listener.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, connection := range open {
			_ = connection.Close()
		}
	})
	ts.Setenv(args[0], listener.Addr().String())
}
