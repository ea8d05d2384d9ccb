package main

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// interrupt runs a command and sends it SIGINT as soon as it reads a blob: interrupt FILE
// COMMAND [ARG...]. {stalled} in an argument becomes the address of a registry that is
// $UPSTREAM, but for blobs, which never arrive. FILE gets the command's stderr.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	reached := make(chan struct{})
	server := stalledRegistry(ts.Getenv("UPSTREAM"), reached)
	defer server.Close()
	interruptAt(ts, reached, strings.TrimPrefix(server.URL, "http://"), args)
}

// interruptFiles does the same when half of the first file has come: interruptfiles FILE LIST
// COMMAND [ARG...]. {stalled} stands for the value of --url-map for a server that has the
// files of LIST, and sends no more than their first halves.
func interruptFiles(ts *testscript.TestScript, _ bool, args []string) {
	addresses := fileLines(ts, args[1])
	files := newFileServer(addresses, "")
	files.reached = make(chan struct{})
	server := httptest.NewServer(files)
	defer server.Close()
	kept := make(chan struct{})
	go func() {
		<-files.reached
		for begun := time.Now(); !hasPartial(ts.MkAbs(".")) && time.Since(begun) < exitWait/2; {
			time.Sleep(10 * time.Millisecond)
		}
		close(kept)
	}()
	interruptAt(ts, kept, urlMap(addresses, server.URL), append([]string{args[0]}, args[2:]...))
}

// hasPartial tells whether a part of a program of Kubernetes is below a directory.
func hasPartial(dir string) bool {
	found := false
	_ = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(entry.Name(), ".partial-kube") && !strings.Contains(name, ".sha") {
			info, err := entry.Info()
			found = found || err == nil && info.Size() > 0
		}
		return nil
	})
	return found
}

// interruptAt runs a command, interrupts it when reached is closed, and writes its stderr.
func interruptAt(ts *testscript.TestScript, reached <-chan struct{}, stalled string, args []string) {
	var stderr bytes.Buffer
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(path)
	for _, arg := range args[2:] {
		cmd.Args = append(cmd.Args, strings.ReplaceAll(arg, "{stalled}", stalled))
	}
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), &stderr
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+ts.Getenv("DOCKER_CONFIG"), "KUBECONFIG="+ts.Getenv("KUBECONFIG"))
	ts.Check(cmd.Start())
	timer := time.AfterFunc(exitWait, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-reached:
		ts.Check(cmd.Process.Signal(os.Interrupt))
		err = <-ended
	case err = <-ended:
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 130 {
		ts.Fatalf("%v, want exit status 130: %s", err, stderr.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), stderr.Bytes(), 0o600))
}

// stalledRegistry is a registry whose blobs never arrive. It tells when the first one is
// asked for.
func stalledRegistry(upstream string, reached chan<- struct{}) *httptest.Server {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: upstream})
	var once sync.Once
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/blobs/") {
			proxy.ServeHTTP(w, r)
			return
		}
		once.Do(func() { close(reached) })
		<-r.Context().Done()
	}))
}
