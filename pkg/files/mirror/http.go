package mirror

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// maxFile bounds a file, in bytes.
const maxFile = 4 << 30

// Content is the content of a file.
type Content struct {
	io.ReadCloser
	From int64 // where it begins, in bytes
	Size int64 // of the whole file, -1 if it is not known
}

// open opens a file, from a number of bytes on if the server can.
func (o Options) open(ctx context.Context, item files.Item, from int64) (Content, error) {
	if o.Open != nil {
		return o.Open(ctx, item.Path)
	}
	req, err := http.NewRequestWithContext(safehttp.WithBodyLimit(ctx, maxFile), http.MethodGet, o.source(item.URL), nil)
	if err != nil {
		return Content{}, err
	}
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	resp, err := o.Client.Do(req)
	if err != nil {
		return Content{}, err
	}
	content := Content{ReadCloser: resp.Body, Size: resp.ContentLength}
	switch {
	case resp.StatusCode == http.StatusOK:
		return content, nil
	case resp.StatusCode == http.StatusPartialContent && from > 0:
		if content.From, content.Size, err = contentRange(resp.Header.Get("Content-Range")); err == nil {
			return content, nil
		}
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && from > 0:
		if _, size, err := contentRange(resp.Header.Get("Content-Range")); err == nil && size == from {
			return Content{ReadCloser: http.NoBody, From: from, Size: size}, resp.Body.Close() // it is there as a whole
		}
		if err := resp.Body.Close(); err != nil {
			return Content{}, err
		}
		return o.open(ctx, item, 0)
	default:
		err = statusError(resp)
	}
	_ = resp.Body.Close() // what it says is not read
	return Content{}, err
}

// contentRange reads "bytes 5-9/10" and "bytes */10".
func contentRange(text string) (from, size int64, err error) {
	part, total, ok := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	size = -1
	if ok && total != "*" {
		size, err = strconv.ParseInt(total, 10, 64)
	}
	if err == nil && part != "*" {
		begin, _, _ := strings.Cut(part, "-")
		from, err = strconv.ParseInt(begin, 10, 64)
	}
	if err != nil || !ok || from < 0 {
		return 0, 0, fmt.Errorf("the server sends the range %q", text)
	}
	return from, size, nil
}

// fetchSmall reads a file of checksums.
func (c *copier) fetchSmall(ctx context.Context, item files.Item) (text string, err error) {
	err = c.Retry.Do(ctx, c.waiting, func(ctx context.Context) error {
		text, err = c.small(ctx, item)
		return err
	})
	return text, err
}

func (o Options) small(ctx context.Context, item files.Item) (string, error) {
	content, err := o.open(ctx, item, 0)
	if err != nil {
		return "", err
	}
	defer content.Close()
	text, err := bounded.ReadAll(content, maxChecksum)
	return string(text), err
}

// size asks how large a file is.
func (o Options) size(ctx context.Context, item files.Item) (int64, error) {
	if o.Open != nil {
		content, err := o.Open(ctx, item.Path)
		if err != nil {
			return 0, err
		}
		return content.Size, content.Close()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, o.source(item.URL), nil)
	if err != nil {
		return 0, err
	}
	resp, err := o.Client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, statusError(resp)
	}
	return resp.ContentLength, nil
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}
	return parsed.Host
}
