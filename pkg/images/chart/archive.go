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

// Bounds of a chart with all its subcharts after unpacking. The bound of a file is Helm's.
const (
	maxChartBytes = 64 << 20
	maxFileBytes  = 5 << 20
	maxFiles      = 10000
	maxNesting    = 8 // levels of archives in archives
)

// file is a file of a chart; its name is relative to the chart.
type file struct {
	Name string
	Data []byte
}

// FromArchive reads a packed chart with its subcharts.
func FromArchive(data []byte) (*Chart, error) {
	files, err := (&budget{}).unpack(data, 0)
	if err != nil {
		return nil, err
	}
	return newChart(files)
}

// budget counts the files and bytes of a chart and its subcharts.
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

// unpack returns the files of an archive. Archives in charts/ are replaced by their files. Links
// are ignored: charts do not use them.
func (b *budget) unpack(data []byte, depth int) ([]file, error) {
	if depth > maxNesting {
		return nil, errors.New("the packed subcharts are nested too deeply")
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

// expand returns a file, or the files of a packed subchart.
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

// inChart returns the name of a file relative to the chart, which is one directory of the
// archive.
func inChart(name string) (string, error) {
	_, inner, ok := strings.Cut(strings.ReplaceAll(name, "\\", "/"), "/")
	clean := path.Clean(inner)
	if !ok || path.IsAbs(inner) || clean == "." || clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fmt.Errorf("the archive has a file outside the chart: %q", name)
	}
	return clean, nil
}
