package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// exitWait bounds how long a command may take to end after a signal.
const exitWait = 20 * time.Second

// commands are the commands that scripts have beside those of testscript.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits":     exits,
		"lines":     lines,
		"subset":    subset,
		"identical": identical,
		"delete":    remove,
		"interrupt": interrupt,
	}
}

// exits runs a command and wants this exit code: exits CODE COMMAND [ARG...].
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("%s: exit code %s, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// lines wants two files to have as many lines: lines FILE FILE [N], N of them being
// headers of the first.
func lines(ts *testscript.TestScript, _ bool, args []string) {
	headers := 0
	if len(args) == 3 {
		_, err := fmt.Sscan(args[2], &headers)
		ts.Check(err)
	}
	a, b := len(fileLines(ts, args[0]))-headers, len(fileLines(ts, args[1]))
	if a != b || a == 0 {
		ts.Fatalf("%s has %d lines, %s has %d", args[0], a, args[1], b)
	}
}

// subset wants every line of the first file to be one of the second, which has more.
func subset(ts *testscript.TestScript, neg bool, args []string) {
	part, whole := fileLines(ts, args[0]), fileLines(ts, args[1])
	var missing []string
	for _, line := range part {
		if !slices.Contains(whole, line) {
			missing = append(missing, line)
		}
	}
	if ok := len(missing) == 0 && len(part) < len(whole); ok == neg {
		ts.Fatalf("subset is %t: %d of %d lines, missing %q", ok, len(part), len(whole), missing)
	}
}

func fileLines(ts *testscript.TestScript, file string) []string {
	return strings.Split(strings.TrimSuffix(ts.ReadFile(file), "\n"), "\n")
}

// identical wants the images whose references are in a file to be the same content in two
// registries, to the last blob: identical FILE SOURCE TARGET. SOURCE has the host of a
// reference in its path, TARGET has not. It reads with a client of its own.
func identical(ts *testscript.TestScript, _ bool, args []string) {
	for _, ref := range fileLines(ts, args[0]) {
		host, rest, _ := strings.Cut(ref, "/")
		source, err := contents(args[1] + "/" + host + "/" + rest)
		ts.Check(err)
		target, err := contents(args[2] + "/" + rest)
		ts.Check(err)
		if diff := cmp.Diff(source, target); diff != "" {
			ts.Fatalf("%s: %s", ref, diff)
		}
	}
}

// contents returns the digests of everything that a reference leads to, each read.
func contents(reference string) ([]string, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return nil, err
	}
	desc, err := remote.Get(ref)
	if err != nil {
		return nil, err
	}
	digests := []string{desc.Digest.String() + " " + string(desc.MediaType)}
	if !desc.MediaType.IsIndex() {
		image, err := desc.Image()
		if err != nil {
			return nil, err
		}
		return imageContents(image, digests)
	}
	index, err := desc.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, child := range manifest.Manifests {
		image, err := index.Image(child.Digest)
		if err != nil {
			return nil, err
		}
		if digests, err = imageContents(image, digests); err != nil {
			return nil, err
		}
	}
	return digests, nil
}

func imageContents(image v1.Image, digests []string) ([]string, error) {
	digest, err := image.Digest()
	if err != nil {
		return nil, err
	}
	if _, err := image.RawConfigFile(); err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, err
	}
	digests = append(digests, digest.String())
	for _, layer := range layers {
		d, err := layer.Digest()
		if err != nil {
			return nil, err
		}
		if err := readAll(layer); err != nil {
			return nil, fmt.Errorf("%s: %w", d, err)
		}
		digests = append(digests, d.String())
	}
	return digests, nil
}

func readAll(layer v1.Layer) error {
	if mt, err := layer.MediaType(); err != nil || mt == types.DockerForeignLayer {
		return err
	}
	rc, err := layer.Compressed()
	if err != nil {
		return err
	}
	defer rc.Close()
	_, err = rc.Read(make([]byte, 1<<20)) // go-containerregistry checks the digest at the end
	for err == nil {
		_, err = rc.Read(make([]byte, 1<<20))
	}
	if err.Error() == "EOF" {
		return nil
	}
	return err
}

// remove deletes a manifest from a registry without authentication: delete REFERENCE.
func remove(ts *testscript.TestScript, _ bool, args []string) {
	ref, err := name.ParseReference(args[0])
	ts.Check(err)
	desc, err := remote.Head(ref)
	ts.Check(err)
	target := url.URL{Scheme: "http", Host: ref.Context().RegistryStr(), Path: "/v2/" + ref.Context().RepositoryStr() + "/manifests/" + desc.Digest.String()}
	ctx, cancel := context.WithTimeout(context.Background(), exitWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, target.String(), nil)
	ts.Check(err)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		ts.Fatalf("deleting %s: %s", args[0], resp.Status)
	}
}
