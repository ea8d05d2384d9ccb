package plan

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// The sizes of parts. Kubernetes stores at most 1 MiB in a ConfigMap, and 256 KiB in the annotation
// in which `kubectl apply` keeps an object, in base64.
const (
	PartSize      = 900 << 10 // bytes of the largest part
	ApplyPartSize = 150 << 10 // bytes of a part that `kubectl apply` takes
)

// Bounds of a packed plan.
const (
	maxParts  = 200
	maxHeader = 1 << 20  // bytes: the shards of 100,000 images
	maxLock   = 64 << 20 // bytes, as for --images
)

// Part is a piece of a packed plan: a file in the directory of the pod. Its name is a valid key of a
// ConfigMap.
type Part struct {
	Name    string // part-000, part-001, …
	Content []byte // not empty; compressed, so that it belongs in binaryData
}

func partName(i int) string { return fmt.Sprintf("part-%03d", i) }

// header is the first line of the stream; the lock is the rest.
type header struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Lock       string `json:"lock"` // digest
	Bytes      int    `json:"bytes"`
	Shards     int    `json:"shards"`
	Shard      []int  `json:"shard,omitempty"`
}

const kind = "CopyPlan"

func (p Plan) header() header {
	return header{APIVersion: images.APIVersion, Kind: kind, Lock: p.LockDigest(), Bytes: len(p.Lock), Shards: p.Shards, Shard: p.Shard}
}

// Pack compresses the plan, and cuts it in parts of at most size bytes. The same plan has the same
// parts.
func (p Plan) Pack(size int) ([]Part, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if size < 1 || size > PartSize {
		return nil, fmt.Errorf("parts of %d bytes: a part has 1 to %d", size, PartSize)
	}
	if len(p.Lock) > maxLock {
		return nil, fmt.Errorf("the lock is %w", &bounded.ExceededError{Limit: maxLock})
	}
	first, err := json.Marshal(p.header())
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	for _, piece := range [][]byte{first, []byte("\n"), p.Lock} {
		if _, err := zip.Write(piece); err != nil {
			return nil, err
		}
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	var parts []Part
	for packed.Len() > 0 {
		if len(parts) == maxParts {
			return nil, fmt.Errorf("the plan needs more than %d parts of %d bytes", maxParts, size)
		}
		parts = append(parts, Part{Name: partName(len(parts)), Content: bytes.Clone(packed.Next(size))})
	}
	return parts, nil
}

// Unpack reads a plan from a directory with its parts; other files are not read. A part that is
// missing, damaged, or of another plan is an error.
func Unpack(dir fs.FS) (Plan, error) {
	parts := &partsReader{dir: dir}
	defer parts.Close()
	p, err := read(parts)
	if err != nil {
		return Plan{}, fmt.Errorf("reading the plan, up to %s: %w", partName(max(0, parts.next-1)), err)
	}
	return p, nil
}

// read reads the stream of the parts.
func read(packed io.Reader) (Plan, error) {
	buffered := bufio.NewReader(packed)
	zip, err := gzip.NewReader(buffered)
	if err != nil {
		return Plan{}, err
	}
	zip.Multistream(false)
	content, err := bounded.ReadAll(zip, maxHeader+maxLock)
	if err != nil {
		return Plan{}, err
	}
	if _, err := buffered.ReadByte(); !errors.Is(err, io.EOF) {
		return Plan{}, errors.Join(errors.New("more data after the end of the plan"), err)
	}
	first, lock, ok := bytes.Cut(content, []byte("\n"))
	if !ok || len(first) > maxHeader {
		return Plan{}, errors.New("the first line is not the header of a plan")
	}
	var h header
	if err := json.Unmarshal(first, &h); err != nil {
		return Plan{}, fmt.Errorf("the header: %w", err)
	}
	if h.APIVersion != images.APIVersion || h.Kind != kind {
		return Plan{}, fmt.Errorf("expected apiVersion %s and kind %s, found %q and %q: the pod needs the release of the plugin that made the plan", images.APIVersion, kind, h.APIVersion, h.Kind)
	}
	p := Plan{Lock: lock, Shards: h.Shards, Shard: h.Shard}
	if got := p.LockDigest(); got != h.Lock || len(lock) != h.Bytes {
		return Plan{}, fmt.Errorf("the lock has %d bytes and the digest %s, and the header says %d bytes and %s", len(lock), got, h.Bytes, h.Lock)
	}
	return p, p.check()
}

// partsReader reads the parts of a directory one after the other. The first part must exist; the
// first name without a file ends the stream.
type partsReader struct {
	dir  fs.FS
	next int
	file fs.File // nil: none is open
	left int64   // bytes that the open part may still have
}

// Read implements io.Reader.
func (r *partsReader) Read(p []byte) (int, error) {
	for {
		if r.file == nil {
			if err := r.open(); err != nil {
				return 0, err
			}
		}
		n, err := r.file.Read(p)
		if r.left -= int64(n); r.left < 0 {
			return 0, &bounded.ExceededError{Limit: PartSize}
		}
		if errors.Is(err, io.EOF) {
			r.Close()
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (r *partsReader) open() error {
	if r.next == maxParts {
		return &bounded.CountError{Limit: maxParts}
	}
	file, err := r.dir.Open(partName(r.next))
	if errors.Is(err, fs.ErrNotExist) && r.next > 0 {
		return io.EOF
	}
	if err != nil {
		return err
	}
	r.next, r.file, r.left = r.next+1, file, PartSize
	return nil
}

// Close closes the open part.
func (r *partsReader) Close() {
	if r.file != nil {
		_ = r.file.Close() // only read
		r.file = nil
	}
}
