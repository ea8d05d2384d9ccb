package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestSubchartsInEveryForm(t *testing.T) {
	sub := func(name string) map[string]string {
		return map[string]string{"Chart.yaml": "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n", "templates/p.yaml": pod("example.com/" + name + ":1")}
	}
	inner := sub("packed")
	inner["charts/deep-1.0.0.tgz"] = string(pack(t, sub("deep")))
	texts := small(pod("example.com/parent:1"))
	texts["charts/packed-1.0.0.tgz"] = string(pack(t, inner))
	for name, text := range sub("open") {
		texts["charts/open/"+name] = text
	}
	want := []string{"example.com/deep:1", "example.com/open:1", "example.com/packed:1", "example.com/parent:1"}
	fsys := fstest.MapFS{}
	for name, text := range texts {
		fsys["dir/small/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	fsys["dir/small.tgz"] = &fstest.MapFile{Data: pack(t, texts)}
	fsys["dir/small/.helmignore"] = &fstest.MapFile{Data: []byte("# not charts\n*.orig\nignored/\n")}
	fsys["dir/small/templates/all.yaml.orig"] = &fstest.MapFile{Data: []byte("{{ fail")}
	fsys["dir/small/ignored/big"] = &fstest.MapFile{Data: make([]byte, maxFileBytes+1)}
	found, err := InFS(fsys)
	if err != nil || len(found) != 2 {
		t.Fatalf("%v, %v", found, err)
	}
	for _, f := range found {
		if f.Err != nil {
			t.Fatal(f.Err)
		}
		result, err := new(Renderer).Render(context.Background(), f.Chart, nil, false, ReleaseOptions{})
		if diff := cmp.Diff(want, references(result.Hits)); diff != "" || err != nil {
			t.Errorf("%s: %v: %s", f.Path, err, diff)
		}
	}
}

func TestBadArchives(t *testing.T) {
	zeros := map[string]string{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"} {
		zeros["files/"+name] = strings.Repeat("\x00", maxFileBytes)
	}
	nested := small("")
	for range maxNesting + 2 {
		nested = map[string]string{"Chart.yaml": nested["Chart.yaml"], "charts/x.tgz": string(pack(t, nested))}
	}
	bomb := small("")
	bomb["charts/bomb.tgz"] = string(pack(t, zeros))
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"no archive":      {[]byte("hello"), "not a packed chart"},
		"cut off":         {pack(t, small(""))[:80], "not a packed chart"},
		"no chart":        {pack(t, map[string]string{"README.md": ""}), "Chart.yaml"},
		"a file of zeros": {zeroed(t, 100<<20), "larger than 5 MiB"},
		"many zeros":      {pack(t, zeros), "the chart is larger than 64 MiB"},
		"a bomb inside":   {pack(t, bomb), "subchart bomb.tgz: the chart is larger than 64 MiB"},
		"too deep":        {pack(t, nested), "too deeply"},
		"outside":         {pack(t, map[string]string{"../../etc/passwd": ""}), "outside the chart"},
		"absolute":        {pack(t, map[string]string{"/etc/passwd": ""}), "outside the chart"},
		"bad values":      {pack(t, merged(small(""), "values.yaml", "a: [")), "values.yaml"},
		"many values":     {pack(t, merged(small(""), "values.yaml", "a: ["+strings.Repeat("0,", 2<<20)+"]")), "values.yaml: the YAML has more than about 500000 values"},
		"aliases":         {pack(t, merged(small(""), "values.yaml", "a: &a "+strings.Repeat("x", 1<<20)+"\nb: ["+strings.Repeat("*a,", 100_000)+"]\n")), "the aliases expand to more than"},
		"no version":      {pack(t, map[string]string{"Chart.yaml": "apiVersion: v2\nname: x\n"}), "version"},
	} {
		if _, err := FromArchive(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func merged(texts map[string]string, name, text string) map[string]string {
	texts = maps.Clone(texts)
	texts[name] = text
	return texts
}

// zeroed is an archive with one file of zeros.
func zeroed(t *testing.T, size int64) []byte {
	t.Helper()
	var data bytes.Buffer
	zipped := gzip.NewWriter(&data)
	packed := tar.NewWriter(zipped)
	if err := packed.WriteHeader(&tar.Header{Name: "chart/zeros", Typeflag: tar.TypeReg, Size: size}); err != nil {
		t.Fatal(err)
	}
	for range size >> 20 {
		if _, err := packed.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	zipped.Close()
	return data.Bytes()
}

func TestDirectoryIsNotLeft(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(pod("example.com/secret:1")), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range small(pod("example.com/inside:1")) {
		if err := os.MkdirAll(filepath.Join(dir, "c", filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "c", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(secret, filepath.Join(dir, "c", "templates", "link.yaml")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("..", filepath.Join(dir, "c", "loop")); err != nil {
		t.Fatal(err)
	}
	found, err := InDirectory(dir)
	if err != nil || len(found) != 1 || found[0].Err != nil {
		t.Fatalf("%+v, %v", found, err)
	}
	result, err := new(Renderer).Render(context.Background(), found[0].Chart, nil, false, ReleaseOptions{})
	if diff := cmp.Diff([]string{"example.com/inside:1"}, references(result.Hits)); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestInFiles(t *testing.T) {
	files := map[string][]byte{"opt/charts/README.md": nil, "opt/charts/bad/Chart.yaml": []byte("{")}
	for name, text := range merged(small(pod("example.com/a:1")), "charts/sub-1.0.0.tgz", string(pack(t, small(pod("example.com/b:1"))))) {
		files["opt/charts/mla/small/"+name] = []byte(text)
	}
	found := InFiles(files)
	if len(found) != 2 || found[0].Path != "opt/charts/bad" || found[0].Err == nil || found[1].Path != "opt/charts/mla/small" || found[1].Err != nil {
		t.Fatalf("%+v", found)
	}
	result, err := new(Renderer).Render(t.Context(), found[1].Chart, nil, false, ReleaseOptions{})
	if diff := cmp.Diff([]string{"example.com/a:1", "example.com/b:1"}, references(result.Hits)); diff != "" || err != nil {
		t.Error(err, diff)
	}
}
