package mirror

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
)

// copier copies one file.
type copier struct {
	Options
	root     *os.Root
	item     files.Item
	sum      *files.Item // the file with its checksum; nil: none is published
	attempts int
	bytes    int64
	resumed  int64
}

// run copies the file, with its checksum beside it.
func (c *copier) run(ctx context.Context) files.Result {
	if err := files.CheckPath(c.item.Path); err != nil {
		return failed(files.Failed, err)
	}
	begun := time.Now()
	outcome, err := c.copy(ctx)
	r := files.Result{Outcome: outcome, Checked: c.sum != nil}
	if err != nil {
		r = failed(files.Failed, err)
	}
	r.Bytes, r.Resumed, r.Attempts, r.Seconds = c.bytes, c.resumed, c.attempts, time.Since(begun).Seconds()
	return r
}

func (c *copier) copy(ctx context.Context) (files.FileOutcome, error) {
	if err := c.root.MkdirAll(path.Dir(c.item.Path), 0o755); err != nil {
		return "", err
	}
	if c.sum == nil {
		return c.unchecked(ctx)
	}
	text, err := c.fetchSmall(ctx, *c.sum)
	if err != nil {
		return "", ofChecksum(err)
	}
	want, err := parseChecksum(text, path.Base(c.item.Path))
	if err != nil {
		return "", ofChecksum(err)
	}
	outcome := files.Present
	if c.hashed(ctx, c.item.Path, want) != nil {
		outcome = files.Copied
		if err := c.checked(ctx, want); err != nil {
			return "", err
		}
	}
	return outcome, c.write(c.sum.Path, text)
}

// checked downloads the file, and keeps it only with its checksum. A download that goes on
// with a wrong beginning is done once more as a whole.
func (c *copier) checked(ctx context.Context, want checksum) error {
	for {
		err := c.download(ctx, true)
		if err == nil {
			err = c.hashed(ctx, c.partial(), want)
		}
		if err == nil {
			return c.keep()
		}
		if isMismatch(err) {
			if failure := c.root.Remove(c.partial()); failure != nil {
				return errors.Join(err, failure)
			}
			if c.resumed > 0 {
				c.resumed = 0
				continue
			}
		}
		return err
	}
}

// unchecked copies a file without a published checksum. One that is there with the size that
// the server says is taken as it is.
func (c *copier) unchecked(ctx context.Context) (files.FileOutcome, error) {
	if info, err := c.root.Stat(c.item.Path); err == nil {
		if size, err := c.size(ctx, c.item); err == nil && size == info.Size() {
			return files.Present, nil
		}
	}
	if err := c.download(ctx, false); err != nil {
		return "", err
	}
	return files.Copied, c.keep()
}

// partial is where the file is while it is downloaded.
func (c *copier) partial() string {
	return path.Join(path.Dir(c.item.Path), ".partial-"+path.Base(c.item.Path))
}

// keep makes what was downloaded the file.
func (c *copier) keep() error { return c.root.Rename(c.partial(), c.item.Path) }

// hashed compares a file with a checksum.
func (c *copier) hashed(ctx context.Context, name string, want checksum) error {
	file, err := c.root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	h := want.hash()
	if _, err := io.Copy(h, untilDone{ctx, file}); err != nil {
		return err
	}
	return want.check(h)
}

// write writes a small file, whole or not at all.
func (c *copier) write(name, text string) error {
	if old, err := c.root.ReadFile(name); err == nil && string(old) == text {
		return nil
	}
	partial := path.Join(path.Dir(name), ".partial-"+path.Base(name))
	if err := c.root.WriteFile(partial, []byte(text), 0o644); err != nil {
		return err
	}
	return c.root.Rename(partial, name)
}

// download writes the partial file, several times if that may help. It goes on with what an
// earlier try has left.
func (c *copier) download(ctx context.Context, resume bool) error {
	file, err := c.root.OpenFile(c.partial(), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	have, err := file.Seek(0, io.SeekEnd)
	if err == nil && (!resume || c.Open != nil) {
		have, err = 0, file.Truncate(0)
	}
	if err == nil {
		c.resumed = have
		err = c.Retry.Do(ctx, c.waiting, func(ctx context.Context) error { return c.receive(ctx, file) })
	}
	if err == nil {
		err = file.Sync()
	}
	if info, failure := file.Stat(); err != nil && failure == nil && info.Size() == 0 {
		err = errors.Join(err, c.root.Remove(c.partial()))
	}
	return errors.Join(err, file.Close())
}

func (c *copier) waiting(attempt int, err error, d time.Duration) {
	c.attempts = attempt
	c.Observer.Waiting(hostOf(c.source(c.item.URL)), err.Error(), d)
}

// receive appends to a file what it lacks.
func (c *copier) receive(ctx context.Context, file *os.File) error {
	have, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	content, err := c.open(ctx, c.item, have)
	if err != nil {
		return err
	}
	defer content.Close()
	if content.From != have {
		if content.From != 0 {
			return errors.New("the server sends another part than the one that was asked for")
		}
		c.resumed = 0
		if err := file.Truncate(0); err != nil {
			return err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	n, err := io.Copy(file, observed{content, c})
	if err == nil && content.Size >= 0 && content.From+n != content.Size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// observed counts what arrives.
type observed struct {
	io.Reader
	c *copier
}

// Read implements io.Reader.
func (o observed) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	o.c.bytes += int64(n)
	o.c.Observer.Transferred(int64(n))
	return n, err
}

// untilDone reads until the context ends.
type untilDone struct {
	ctx context.Context //nolint:containedctx // of this read only
	io.Reader
}

// Read implements io.Reader.
func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}

// isMissing tells whether a file is not there.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
