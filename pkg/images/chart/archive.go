package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// What a chart with all its subcharts may hold once it is unpacked. The bound on a file is
// Helm's own.
const (
	maxChartBytes = 64 << 20
	maxFileBytes  = 5 << 20
	maxFiles      = 10000
	maxNesting    = 8 // archives in archives
)

// file is a file of a chart; its name is relative to the chart.
type file struct {
	Name string
	Data []byte
}

// FromArchive reads a packed chart, its subcharts included.
func FromArchive(data []byte) (*Chart, error) {
	files, err := (&budget{}).unpack(data, 0)
	if err != nil {
		return nil, err
	}
	return newChart(files)
}

// budget counts what a chart and its subcharts hold.
type budget struct {
	bytes int64
	files int
}

// spend counts a file.
func (b *budget) spend(name string, size int64) error {
	b.files++
	b.bytes += size
	switch {
	case size > maxFileBytes:
		return fmt.Errorf("%s is larger than %d MiB", name, maxFileBytes>>20)
	case b.bytes > maxChartBytes:
		return fmt.Errorf("the chart is larger than %d MiB", maxChartBytes>>20)
	case b.files > maxFiles:
		return fmt.Errorf("the chart has more than %d files", maxFiles)
	}
	return nil
}

// unpack returns the files of an archive, with those of the archives in charts/ in place
// of these. Nothing but files counts: links have no meaning in a chart.
func (b *budget) unpack(data []byte, depth int) ([]file, error) {
	if depth > maxNesting {
		return nil, errors.New("its subcharts are packed in one another too deeply")
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("not a packed chart: %w", err)
	}
	var files []file
	for entries := tar.NewReader(io.LimitReader(unzipped, 2*maxChartBytes)); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("not a packed chart: %w", err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		name, err := inChart(header.Name)
		if err != nil {
			return nil, err
		}
		if err := b.spend(name, header.Size); err != nil {
			return nil, err
		}
		content, err := io.ReadAll(entries)
		if err != nil {
			return nil, fmt.Errorf("not a packed chart: %w", err)
		}
		more, err := b.expand(file{name, content}, depth)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
}

// expand returns a file, or those that are packed in it if it is a packed subchart.
func (b *budget) expand(f file, depth int) ([]file, error) {
	dir, base := path.Split(f.Name)
	if path.Base(dir) != "charts" || path.Ext(base) != ".tgz" {
		f.Data = bytes.TrimPrefix(f.Data, []byte("\xef\xbb\xbf"))
		return []file{f}, nil
	}
	packed, err := b.unpack(f.Data, depth+1)
	if err != nil {
		return nil, fmt.Errorf("subchart %s: %w", base, err)
	}
	for i := range packed {
		packed[i].Name = path.Join(dir, strings.TrimSuffix(base, ".tgz"), packed[i].Name)
	}
	return packed, nil
}

// inChart returns a name in an archive relative to the chart, which is packed as one
// directory.
func inChart(name string) (string, error) {
	_, inner, ok := strings.Cut(strings.ReplaceAll(name, "\\", "/"), "/")
	clean := path.Clean(inner)
	if !ok || path.IsAbs(inner) || clean == "." || clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fmt.Errorf("the archive has a file outside the chart: %q", name)
	}
	return clean, nil
}
