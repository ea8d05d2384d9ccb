package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/events"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// killed runs a command that writes events, and kills it in the middle of the copy, when a number of
// images is finished: killed FILE TEXT IMAGES COMMAND [ARG...]. {stalled} in an argument becomes the
// address of a registry that is $UPSTREAM, but for blobs of repositories whose names contain TEXT,
// which never arrive. FILE gets stdout.
func killed(ts *testscript.TestScript, _ bool, args []string) {
	var once sync.Once
	reached := make(chan struct{})
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: ts.Getenv("UPSTREAM")})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if repository, _, blob := strings.Cut(r.URL.Path, "/blobs/"); !blob || !strings.Contains(repository, args[1]) {
			proxy.ServeHTTP(w, r)
			return
		}
		once.Do(func() { close(reached) })
		<-r.Context().Done()
	}))
	defer server.Close()
	finished, err := strconv.Atoi(args[2])
	ts.Check(err)
	program, err := exec.LookPath(args[3])
	ts.Check(err)
	cmd := exec.Command(program)
	for _, arg := range args[4:] {
		cmd.Args = append(cmd.Args, strings.ReplaceAll(arg, "{stalled}", strings.TrimPrefix(server.URL, "http://")))
	}
	log, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer log.Close()
	cmd.Dir, cmd.Stdout, cmd.Env = ts.MkAbs("."), log, append(os.Environ(), "DOCKER_CONFIG="+ts.Getenv("DOCKER_CONFIG"))
	ts.Check(cmd.Start())
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		written, err := os.ReadFile(log.Name())
		ts.Check(err)
		select {
		case <-reached:
			if bytes.Count(written, []byte(`"type":"image"`)) >= finished {
				return
			}
		default:
		}
		if time.Since(begun) > exitWait {
			ts.Fatalf("%d images were not copied, or no blob was requested: %s", finished, written)
		}
	}
}

// followed writes the report of a copy that logs tell: followed FILE TARGET LIST SHARD:LOG...
func followed(ts *testscript.TestScript, _ bool, args []string) {
	inv, err := images.ParseList([]byte(ts.ReadFile(args[2])))
	ts.Check(err)
	target, err := images.ParseTarget(args[1])
	ts.Check(err)
	var shown bytes.Buffer
	shards := map[int]bool{}
	progress := display.NewProgress(&shown, len(inv.Images), true)
	follower := events.NewFollower(len(args[3:]), progress, func(line string) { fmt.Fprintln(&shown, line) })
	for _, arg := range args[3:] {
		number, log, _ := strings.Cut(arg, ":")
		shard, err := strconv.Atoi(number)
		ts.Check(err)
		shards[shard] = true
		ts.Check(follower.Read(shard, strings.NewReader(ts.ReadFile(log))))
	}
	progress.Close()
	report, states := follower.Result()
	for i, state := range states[:len(shards)] {
		if !state.Done || state.Lost > 0 {
			ts.Fatalf("shard %d: %+v", i, state)
		}
		fmt.Fprintf(&shown, "shard %d: exit code %d %s\n", i, state.Exit, state.Error)
	}
	data, err := json.MarshalIndent(report.Document(target, inv), "", "  ")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".shown"), shown.Bytes(), 0o600))
}

// sameReport wants two reports to be the same but for targets and times: samereport FILE FILE
// [WHOLE].
func sameReport(ts *testscript.TestScript, neg bool, args []string) {
	var reports [2]images.SyncReport
	for i := range reports {
		text := ts.ReadFile(args[i])
		var at struct{ Target string }
		ts.Check(json.Unmarshal([]byte(text), &at))
		ts.Check(json.Unmarshal([]byte(strings.ReplaceAll(text, at.Target, "registry.example.com/target")), &reports[i]))
		if len(reports[i].Items) == 0 {
			ts.Fatalf("%s has no items", args[i])
		}
		for at := range reports[i].Items {
			item := &reports[i].Items[at]
			item.Bytes, item.Mounted, item.Seconds, item.Attempts = 0, 0, 0, 0
		}
		if len(args) == 2 {
			reports[i].Summary.Bytes, reports[i].Summary.Mounted = 0, 0
		}
	}
	if diff := cmp.Diff(reports[0], reports[1]); (diff != "") != neg {
		ts.Fatalf("the reports differ: %t %s", diff != "", diff)
	}
}
