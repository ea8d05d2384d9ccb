package main

import (
	"context"
	"io"
	"net/http"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness/hostile"
)

// startHostile starts a server that attacks, and that lasts as long as the script: hostile.
func startHostile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: hostile")
	}
	server, err := hostile.Start()
	ts.Check(err)
	ts.Defer(server.Close)
	ca := ts.MkAbs("hostile-ca.pem")
	ts.Check(os.WriteFile(ca, server.CA(), 0o600))
	ts.Setenv("HOSTILE_CA", ca)
	for name, host := range server.Hosts() {
		ts.Setenv(name, host)
	}
}

// received writes what reached the server that attacks to a file: received FILE.
func received(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: received FILE")
	}
	ctx, cancel := context.WithTimeout(context.Background(), exitWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ts.Getenv("HOSTILE")+hostile.Received, nil)
	ts.Check(err)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

// expand replaces $NAME in files by the script's variables: expand FILE...
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand FILE...")
	}
	for _, file := range args {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(os.Expand(ts.ReadFile(file), ts.Getenv)), 0o600))
	}
}
