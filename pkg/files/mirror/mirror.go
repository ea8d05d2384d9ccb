// Package mirror copies files that nodes download into a directory, HOST/PATH, and verifies
// copies. It knows HTTP, checksums and the file system. It must not know which files are
// needed, nor why.
package mirror

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
)

// Observer hears how copies go on, from several goroutines.
type Observer interface {
	// Transferred is called with each part that arrives, in bytes.
	Transferred(bytes int64)
	// Waiting is called before another try, with the host that failed.
	Waiting(host, reason string, d time.Duration)
	// Finished is called once for each file.
	Finished(r files.Result)
}

// Map says that what begins with an address is fetched from another.
type Map struct{ From, To string }

// ParseMap reads "https://dl.k8s.io=https://nexus.example.com/k8s".
func ParseMap(text string) (Map, error) {
	from, to, ok := strings.Cut(text, "=")
	m := Map{strings.TrimSuffix(from, "/"), strings.TrimSuffix(to, "/")}
	for _, side := range []string{m.From, m.To} {
		if !ok || !strings.HasPrefix(side, "http://") && !strings.HasPrefix(side, "https://") || strings.Count(side, "/") < 2 {
			return Map{}, fmt.Errorf("%q: write it as ADDRESS=ADDRESS, such as https://dl.k8s.io=https://nexus.example.com/k8s", text)
		}
	}
	return m, nil
}

// Options are how files are copied and verified.
type Options struct {
	Client   *http.Client
	Maps     []Map // the first that fits counts
	Jobs     int   // files at once
	Observer Observer
	Retry    retry.Policy // the zero value is retry.Usual
	// Open opens the content of a file; nil: it is downloaded. The error is an
	// fs.ErrNotExist if there is none.
	Open func(ctx context.Context, path string) (Content, error)
}

// source is where an address is fetched from.
func (o Options) source(address string) string {
	for _, m := range o.Maps {
		if rest, ok := strings.CutPrefix(address, m.From); ok && (rest == "" || rest[0] == '/') {
			return m.To + rest
		}
	}
	return address
}

// nobody is an observer that does nothing.
type nobody struct{}

func (nobody) Transferred(int64)                     {}
func (nobody) Waiting(string, string, time.Duration) {}
func (nobody) Finished(files.Result)                 {}

func (o Options) filled() Options {
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	if o.Retry.Attempts == 0 {
		o.Retry = retry.Usual()
	}
	if o.Jobs < 1 {
		o.Jobs = 1
	}
	return o
}

// Copy copies files into a directory, several concurrently. A file that the directory has with its
// published checksum is not fetched again, and an interrupted download is resumed. The results are
// in the order of the items, without files of checksums that belong to another file.
func Copy(ctx context.Context, dir string, items []files.Item, opts Options) ([]files.Result, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return within(ctx, dir, items, opts, func(ctx context.Context, c *copier) files.Result { return c.run(ctx) })
}

// within calls do for each file, with a copier that is confined to the directory.
func within(ctx context.Context, dir string, items []files.Item, opts Options, do func(context.Context, *copier) files.Result) ([]files.Result, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	opts = opts.filled()
	return each(ctx, items, opts, func(ctx context.Context, item files.Item, sum *files.Item) files.Result {
		return do(ctx, &copier{Options: opts, root: root, item: item, sum: sum})
	}), nil
}

// each does something for each file, several at once.
func each(ctx context.Context, items []files.Item, opts Options, do func(context.Context, files.Item, *files.Item) files.Result) []files.Result {
	byPath := map[string]*files.Item{}
	for i := range items {
		byPath[items[i].Path] = &items[i]
	}
	var wanted []files.Item
	for _, item := range items {
		if item.ChecksumOf == "" || byPath[item.ChecksumOf] == nil {
			wanted = append(wanted, item)
		}
	}
	results := make([]files.Result, len(wanted))
	var group errgroup.Group
	group.SetLimit(opts.Jobs)
	var mu sync.Mutex
	for i, item := range wanted {
		group.Go(func() error {
			r := files.Result{Outcome: files.Skipped}
			if ctx.Err() == nil {
				r = do(ctx, item, byPath[item.Checksum])
			}
			if r.Outcome != "" && ctx.Err() != nil && !r.Outcome.Good() {
				r = files.Result{Outcome: files.Skipped}
			}
			r.URL, r.Path = item.URL, item.Path
			results[i] = r
			mu.Lock()
			defer mu.Unlock()
			opts.Observer.Finished(r)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in the results
	return results
}

// failed is the result of a failure.
func failed(outcome files.FileOutcome, err error) files.Result {
	return files.Result{Outcome: outcome, Error: failure.Describe(err), Class: failure.Classify(err), Remedy: failure.RemedyOf(err)}
}
