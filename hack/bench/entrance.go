package main

import (
	"net/http"
	"sync/atomic"
	"time"
)

// entrance is the addresses of the registries for one pod. The source is also a proxy: whatever host a
// request names, the source answers.
type entrance struct {
	Source, Target string // host:port
}

// nearby is the latency of a registry in the network of the pods.
const nearby = time.Millisecond

// open opens the entrances of the terminal and of the pods.
func (r *registries) open(at *place, s shape, shared *link) (err error) {
	if at.Terminal, err = listen(r.source, nil); err != nil {
		return err
	}
	for range s.Pods {
		l := shared
		if s.Apart {
			l = newLink(s.Latency, s.Bandwidth)
		}
		pod := &podSource{next: r.limited}
		r.pods = append(r.pods, pod)
		to := l
		if s.Near {
			to = newLink(nearby, 0)
		}
		var e entrance
		if e.Source, err = listen(l.wrap(pod), l); err != nil {
			return err
		}
		if e.Target, err = listen(to.wrap(r.target), to); err != nil {
			return err
		}
		at.Entrances = append(at.Entrances, e)
	}
	return nil
}

// podSource is the source as one pod sees it.
type podSource struct {
	next                     http.Handler
	requests, refused, bytes atomic.Int64
}

// podCounts are the requests of one pod to the source since the last reading.
type podCounts struct {
	Requests int
	Refused  int   // with the status 429
	Bytes    int64 // of answers, without headers
}

func (p *podSource) take() podCounts {
	return podCounts{Requests: int(p.requests.Swap(0)), Refused: int(p.refused.Swap(0)), Bytes: p.bytes.Swap(0)}
}

// ServeHTTP implements http.Handler.
func (p *podSource) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodConnect { // the client tries TLS first
		http.Error(w, "this proxy has no tunnels", http.StatusMethodNotAllowed)
		return
	}
	p.requests.Add(1)
	p.next.ServeHTTP(&countingWriter{ResponseWriter: w, pod: p}, req)
}

// countingWriter counts refusals and bytes.
type countingWriter struct {
	http.ResponseWriter
	pod *podSource
}

// WriteHeader implements http.ResponseWriter.
func (c *countingWriter) WriteHeader(status int) {
	if status == http.StatusTooManyRequests {
		c.pod.refused.Add(1)
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.pod.bytes.Add(int64(n))
	return n, err
}
