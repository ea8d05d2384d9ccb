package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
)

// VerifyDir reads all bytes of the copies in a directory, and compares them with the
// checksums that are kept beside them.
func VerifyDir(ctx context.Context, dir string, items []files.Item, opts Options) ([]files.Result, error) {
	return within(ctx, dir, items, opts, func(ctx context.Context, c *copier) files.Result { return verdict(c.verify(ctx), c.sum != nil) })
}

// verify compares a copy with its checksum.
func (c *copier) verify(ctx context.Context) error {
	if err := files.CheckPath(c.item.Path); err != nil {
		return err
	}
	info, err := c.root.Stat(c.item.Path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Size() == 0:
		return &EmptyError{}
	case c.sum == nil:
		return nil
	}
	text, err := c.root.ReadFile(c.sum.Path)
	if err != nil {
		return ofChecksum(err)
	}
	want, err := parseChecksum(string(text), path.Base(c.item.Path))
	if err != nil {
		return ofChecksum(err)
	}
	return c.hashed(ctx, c.item.Path, want)
}

// verdict says what an error of a verification means.
func verdict(err error, checked bool) files.Result {
	var status *StatusError
	var empty *EmptyError
	switch {
	case err == nil && checked:
		return files.Result{Outcome: files.Verified, Checked: true}
	case err == nil:
		return files.Result{Outcome: files.Unchecked}
	case isMissing(err), errors.As(err, &status) && status.Code == http.StatusNotFound:
		return failed(files.Missing, err)
	case isMismatch(err), errors.As(err, &empty):
		return failed(files.Different, err)
	}
	return failed(files.Failed, err)
}

// VerifyURL asks a server for the size of each copy, and reads the checksums. With deep, it
// reads all bytes and compares them.
func VerifyURL(ctx context.Context, base string, items []files.Item, deep bool, opts Options) []files.Result {
	opts = opts.filled()
	at := func(item files.Item) files.Item {
		segments := strings.Split(item.Path, "/")
		for i := range segments {
			segments[i] = url.PathEscape(segments[i])
		}
		item.URL = strings.TrimSuffix(base, "/") + "/" + strings.Join(segments, "/")
		return item
	}
	return each(ctx, items, opts, func(ctx context.Context, item files.Item, sum *files.Item) files.Result {
		c := &copier{Options: opts, item: at(item), sum: sum}
		return verdict(c.verifyRemote(ctx, at, deep), sum != nil && deep)
	})
}

func (c *copier) verifyRemote(ctx context.Context, at func(files.Item) files.Item, deep bool) error {
	var size int64
	err := c.Retry.Do(ctx, c.waiting, func(ctx context.Context) (err error) {
		size, err = c.size(ctx, c.item)
		return err
	})
	if err != nil {
		return err
	}
	if size == 0 {
		return &EmptyError{}
	}
	if c.sum == nil {
		return nil
	}
	text, err := c.fetchSmall(ctx, at(*c.sum))
	if err != nil {
		return ofChecksum(err)
	}
	want, err := parseChecksum(text, path.Base(c.item.Path))
	if err != nil || !deep {
		return err
	}
	h := want.hash()
	content, err := c.open(ctx, c.item, 0)
	if err != nil {
		return err
	}
	defer content.Close()
	n, err := io.Copy(h, content)
	if err != nil {
		return err
	}
	if size >= 0 && n != size {
		return fmt.Errorf("the server says %d bytes, and sends %d", size, n)
	}
	return want.check(h)
}
