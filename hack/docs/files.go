package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// write writes the pages to dir, and removes other pages.
func write(dir string, pages map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	present, err := list(dir)
	if err != nil {
		return err
	}
	for _, name := range present {
		if _, wanted := pages[name]; wanted {
			continue
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), page, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare returns an error with the names of all pages that differ in dir.
func compare(dir string, pages map[string][]byte) error {
	present, err := list(dir)
	if err != nil {
		return err
	}
	var differences []string
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		got, err := os.ReadFile(filepath.Join(dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			differences = append(differences, name+" is missing")
		case err != nil:
			return err
		case !bytes.Equal(got, pages[name]):
			differences = append(differences, name+" is out of date")
		}
	}
	for _, name := range present {
		if _, wanted := pages[name]; !wanted {
			differences = append(differences, name+" is of no command")
		}
	}
	if len(differences) > 0 {
		return fmt.Errorf("%s: %s; run make docs and commit the result", dir, strings.Join(differences, ", "))
	}
	return nil
}

// list returns the names of the pages in dir, none if dir does not exist.
func list(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".md" {
			names = append(names, entry.Name())
		}
	}
	return names, err
}
