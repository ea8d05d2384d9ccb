package dockerarchive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

const (
	maxMembers = 200_000
	maxNames   = 32 << 20 // bytes of the names of all members
	maxLinks   = 8        // links to follow for one member
)

// place is the position of a member's content in the file.
type place struct {
	member   string
	at, size int64
}

// members are the files and links in a tar file, by cleaned name.
type members map[string]member

type member struct {
	place
	link string // target of the link; "" for a file
}

// scan reads the headers of all members and skips their content.
func scan(r io.ReadSeeker) (members, error) {
	found := members{}
	names := 0
	reader := tar.NewReader(r)
	last := "the start"
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, &failure.DamagedError{Member: last, Reason: "or the data after it: " + err.Error()}
		}
		if len(found) >= maxMembers {
			return nil, fmt.Errorf("the file has more than %d members: it is not an archive of images", maxMembers)
		}
		if names += len(header.Name) + len(header.Linkname); names > maxNames {
			return nil, fmt.Errorf("the names of the members are larger than %d MiB: the file is not an archive of images", maxNames>>20)
		}
		at, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if err := found.add(header, at); err != nil {
			return nil, err
		}
		last = header.Name
	}
}

// add records a member that is a file or a link.
func (m members) add(header *tar.Header, at int64) error {
	if err := tarfile.Check(header); err != nil {
		return err
	}
	name, err := clean(header.Name)
	if err != nil {
		return err
	}
	f := member{place: place{member: name, at: at, size: header.Size}}
	switch header.Typeflag {
	case tar.TypeReg:
	case tar.TypeLink:
		f.link, err = clean(header.Linkname)
	case tar.TypeSymlink:
		if path.IsAbs(header.Linkname) {
			return outside(header.Linkname)
		}
		f.link, err = clean(path.Join(path.Dir(name), header.Linkname))
	default:
		return nil
	}
	m[name] = f
	return err
}

// clean returns the cleaned name of a member. A name that leads out of the archive is an
// error.
func clean(name string) (string, error) {
	cleaned := path.Clean(name)
	if !fs.ValidPath(cleaned) {
		return "", outside(name)
	}
	return cleaned, nil
}

func outside(name string) error { return fmt.Errorf("member %q leads out of the archive", name) }

// file returns the position of the file with a name, after links.
func (m members) file(name string) (place, error) {
	cleaned, err := clean(name)
	if err != nil {
		return place{}, err
	}
	for range maxLinks {
		f, ok := m[cleaned]
		switch {
		case !ok:
			return place{}, &failure.DamagedError{Member: cleaned, Reason: "is missing", Missing: true}
		case f.link == "":
			return f.place, nil
		}
		cleaned = f.link
	}
	return place{}, &failure.DamagedError{Member: name, Reason: "is a link with too many levels"}
}
