package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// fileServer stands in for the servers that nodes download from. Each file is a small program
// under its real name; its checksum is published as its real server does.
type fileServer struct {
	content map[string]string // by "/HOST/PATH"
	reached chan struct{}     // closed when a download stalls; nil: none does
	once    sync.Once
}

// ServeHTTP implements http.Handler. With reached, the first half of a file is sent, and the
// rest never.
func (s *fileServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, ok := s.content[r.URL.Path]
	switch {
	case !ok:
		http.NotFound(w, r)
	case s.reached != nil && !strings.Contains(r.URL.Path, ".sha"):
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		fmt.Fprint(w, content[:len(content)/2])
		_ = http.NewResponseController(w).Flush()
		s.once.Do(func() { close(s.reached) })
		<-r.Context().Done()
	default:
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
	}
}

// newFileServer has the files of a list of addresses; for wrong see contentAt.
func newFileServer(addresses []string, wrong string) *fileServer {
	s := &fileServer{content: map[string]string{}}
	for _, address := range addresses {
		name := strings.TrimPrefix(address, "https:/")
		s.content[name] = contentAt(name, wrong)
	}
	return s
}

// contentAt is the content of "/HOST/PATH": a file, or the checksum of one. Checksums of files whose
// address has wrong in it, unless that is empty, are of something else.
func contentAt(name, wrong string) string {
	of, isSum := strings.CutSuffix(name, ".sha256")
	if !isSum {
		return fileContent(name)
	}
	text := fileContent(of)
	if wrong != "" && strings.Contains(of, wrong) {
		text = "something else"
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	if strings.Contains(of, "cni-plugins") {
		sum += "  " + path.Base(of) + "\n"
	}
	return sum
}

// fileContent is the content of a file: some lines with its name.
func fileContent(name string) string { return strings.Repeat("#!/bin/sh\necho "+name+"\n", 100) }

// hosts are the hosts of addresses.
func hosts(addresses []string) []string {
	var all []string
	seen := map[string]bool{}
	for _, address := range addresses {
		host, _, _ := strings.Cut(strings.TrimPrefix(address, "https://"), "/")
		if !seen[host] {
			seen[host] = true
			all = append(all, host)
		}
	}
	return all
}

// startFileServer starts a server that stands in for those of the addresses in FILE, and sets
// $NAME to the value of --url-map that leads there, and $NAME_URL to its own address:
// fileserver [-wrong TEXT] NAME FILE.
func startFileServer(ts *testscript.TestScript, neg bool, args []string) {
	wrong := ""
	if len(args) == 4 && args[0] == "-wrong" {
		wrong, args = args[1], args[2:]
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fileserver [-wrong TEXT] NAME FILE")
	}
	addresses := fileLines(ts, args[1])
	server := httptest.NewServer(newFileServer(addresses, wrong))
	ts.Defer(server.Close)
	ts.Setenv(args[0], urlMap(addresses, server.URL))
	ts.Setenv(args[0]+"_URL", server.URL)
}

// serve starts a server for a directory, and sets $NAME_URL to its address: serve NAME DIR. The server
// answers in the place of any host if the address is that of a proxy.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve NAME DIR")
	}
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[1]))))
	ts.Defer(server.Close)
	ts.Setenv(args[0]+"_URL", server.URL)
}

// urlMap is the value of --url-map for a server that stands in for those of addresses.
func urlMap(addresses []string, server string) string {
	var maps []string
	for _, host := range hosts(addresses) {
		maps = append(maps, "https://"+host+"="+server+"/"+host)
	}
	return strings.Join(maps, ",")
}
