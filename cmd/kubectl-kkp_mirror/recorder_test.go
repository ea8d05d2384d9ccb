package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// startRecorder starts a server that passes requests on to a registry and writes them down: recorder
// [-login] NAME HOST. It sets $NAME to the host of the server, and $NAME_LOG to a file that gets a line
// for each answer: METHOD PATH STATUS AGENT, such as
// "GET /v2/library/alpine/blobs/sha256:… 200 containerd/v2.1.0". With -login, requests get the login for
// HOST in $DOCKER_CONFIG.
func startRecorder(ts *testscript.TestScript, neg bool, args []string) {
	login := ""
	if len(args) == 3 && args[0] == "-login" {
		args = args[1:]
		login = loginOf(ts, args[1])
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: recorder [-login] NAME HOST")
	}
	file, err := os.Create(ts.MkAbs(args[0] + ".log"))
	ts.Check(err)
	var mu sync.Mutex
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: args[1]})
			r.Out.Host = r.In.Host // of the addresses in answers
			if login != "" {
				r.Out.Header.Set("Authorization", "Basic "+login)
			}
		},
		ModifyResponse: func(response *http.Response) error {
			request := response.Request
			query := request.URL.Query()
			query.Del("_state") // of an upload session
			path := (&url.URL{Path: request.URL.Path, RawQuery: query.Encode()}).RequestURI()
			agent, _, _ := strings.Cut(request.UserAgent(), " ")
			mu.Lock()
			defer mu.Unlock()
			_, err := fmt.Fprintln(file, request.Method, path, response.StatusCode, cmp.Or(agent, "-"))
			return err
		},
		ErrorLog: log.New(io.Discard, "", 0), // of clients that were killed
	}
	server := httptest.NewServer(proxy)
	ts.Defer(func() { _ = file.Close() })
	ts.Defer(server.Close)
	ts.Setenv(args[0], strings.TrimPrefix(server.URL, "http://"))
	ts.Setenv(args[0]+"_LOG", file.Name())
}

// loginOf returns the login for a host in $DOCKER_CONFIG, as the header of a request has it.
func loginOf(ts *testscript.TestScript, host string) string {
	content, err := os.ReadFile(filepath.Join(ts.Getenv("DOCKER_CONFIG"), "config.json"))
	ts.Check(err)
	var config struct {
		Auths map[string]struct{ Auth string }
	}
	ts.Check(json.Unmarshal(content, &config))
	login := config.Auths[host].Auth
	if login == "" {
		ts.Fatalf("$DOCKER_CONFIG has no login for %s", host)
	}
	return login
}

// recorded waits until lines of a file match a regular expression: recorded FILE REGEXP [COUNT].
func recorded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: recorded FILE REGEXP [COUNT]")
	}
	count := 1
	if len(args) == 3 {
		var err error
		count, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	wanted, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	var content []byte
	for deadline := time.Now().Add(nodeWait); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		content, err = os.ReadFile(ts.MkAbs(args[0]))
		ts.Check(err)
		if len(wanted.FindAll(content, count)) == count {
			return
		}
	}
	ts.Fatalf("%s does not have %d lines that match %s:\n%s", args[0], count, args[1], content)
}

// once expects that each blob in the log of a recorder was read, or sent, only once, in whatever
// repository: once read|sent FILE. The file must have such lines.
func once(ts *testscript.TestScript, neg bool, args []string) {
	lines := map[string]*regexp.Regexp{
		"read": regexp.MustCompile(`(?m)^GET /v2/\S+/blobs/(sha256:[0-9a-f]{64})\S* 2\d\d `),
		"sent": regexp.MustCompile(`(?m)^PUT /v2/\S+/blobs/uploads/\S*digest=(sha256%3A[0-9a-f]{64})\S* 201 `),
	}
	if neg || len(args) != 2 || lines[args[0]] == nil {
		ts.Fatalf("usage: once read|sent FILE")
	}
	content, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	seen := map[string][]byte{}
	for _, match := range lines[args[0]].FindAllSubmatch(content, -1) {
		digest := strings.Replace(string(match[1]), "%3A", ":", 1)
		if earlier := seen[digest]; earlier != nil {
			ts.Fatalf("%s was %s twice:\n%s\n%s", digest, args[0], earlier, match[0])
		}
		seen[digest] = match[0]
	}
	if len(seen) == 0 {
		ts.Fatalf("no blob was %s:\n%s", args[0], content)
	}
	fmt.Fprintf(ts.Stdout(), "%d blobs were %s once\n", len(seen), args[0])
}
