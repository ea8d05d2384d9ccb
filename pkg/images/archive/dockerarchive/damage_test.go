package dockerarchive

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// damaged reads an archive, and returns the first error.
func damaged(t testing.TB, data []byte) error {
	a, err := Read(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	return readAll(a)
}

func flip(content string) string {
	data := []byte(content)
	data[len(data)/2] ^= 1
	return string(data)
}

func TestDamageIsNamed(t *testing.T) {
	old := legacy(t)
	configName := old[4].name
	content := strings.Repeat("layer ", 1000)
	layer := gzipOf(t, content)
	named := digestOf(t, layer).Hex + ".tar.gz"
	crane := packed(t, layer, content).without("x/layer.tar").
		with("manifest.json", `[{"Config": "config.json", "RepoTags": ["quay.io/a/b:v1"], "Layers": ["`+named+`"]}]`)
	other := configOf(t, "base layer", "own layer", "base layer", "more")

	for name, tt := range map[string]struct {
		files files
		names string
	}{
		"no manifest.json":          {old.without("manifest.json"), "manifest.json is missing"},
		"manifest.json is no JSON":  {old.with("manifest.json", "[{"), "manifest.json is not valid"},
		"no configuration":          {old.without(configName), configName + " is missing"},
		"another configuration":     {old.with(configName, flip(old.content(configName))), configName + " has the digest"},
		"a configuration in pieces": {packed(t, layer, content).with("config.json", "{"), "config.json is not valid"},
		"a layer without a digest":  {packed(t, layer, content).with("config.json", `{"rootfs": {"diff_ids": [null]}}`), "config.json is not valid"},
		"another count of layers":   {packed(t, layer, content).with("config.json", other), "config.json has 4 layers"},
		"no layer":                  {old.without("two/layer.tar"), "two/layer.tar is missing"},
		"a link to nothing":         {old.without("one/layer.tar"), "one/layer.tar is missing"},
		"a link in a circle":        {old.with("one/layer.tar", "->../three/layer.tar"), "is a link with too many levels"},
		"a byte of a layer":         {old.with("two/layer.tar", flip("own layer")), "two/layer.tar has the digest"},
		"a byte of a packed layer":  {packed(t, flip(layer), content), "x/layer.tar"},
		"another packed layer":      {packed(t, gzipOf(t, "other"), content), "x/layer.tar has the content"},
		"half a packed layer":       {packed(t, layer[:len(layer)/2], content), "x/layer.tar cannot be unpacked"},
		"a byte of a named layer":   {crane.with(named, flip(layer)), named + " has the digest"},
		"two contents for one file": {old.with("three/layer.tar", "->../two/layer.tar"), "two/layer.tar has the content"},
	} {
		t.Run(name, func(t *testing.T) {
			err := damaged(t, tt.files.tar(t))
			var d *failure.DamagedError
			if !errors.As(err, &d) || !strings.Contains(err.Error(), tt.names) {
				t.Errorf("got %v, want %q", err, tt.names)
			}
		})
	}
	if err := damaged(t, crane.with(named, layer).tar(t)); err != nil {
		t.Errorf("without damage: %v", err)
	}
}

// TestACutArchiveIsRefused checks that a truncation at any position is detected when the
// archive is opened.
func TestACutArchiveIsRefused(t *testing.T) {
	whole := legacy(t).tar(t)
	end := bytes.LastIndexByte(whole, ']') + 1 // only padding follows
	for size := 0; size < end; size += 100 {
		err := damaged(t, whole[:size])
		var d *failure.DamagedError
		if !errors.As(err, &d) {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
	}
}

func TestWhatIsNoArchiveOfImagesIsRefused(t *testing.T) {
	old := legacy(t)
	for name, tt := range map[string]struct {
		files files
		names string
	}{
		"a name that leads out":        {old.with("../x", "x"), `"../x" leads out`},
		"an absolute name":             {old.with("/etc/passwd", "x"), `"/etc/passwd" leads out`},
		"a link that leads out":        {old.with("three/layer.tar", "->../../../etc/passwd"), `leads out`},
		"an absolute link":             {old.with("three/layer.tar", "->/etc/passwd"), `"/etc/passwd" leads out`},
		"a hard link that leads out":   {old.with("three/layer.tar", "=>../x"), `"../x" leads out`},
		"a layer that is outside":      {old.with("manifest.json", strings.Replace(old.content("manifest.json"), "two/", "../two/", 1)), `leads out`},
		"a configuration like a layer": {packed(t, "", "").with("config.json", strings.Repeat(" ", maxConfig+1)), "config.json is larger than 4 MiB"},
		"one name for two images": {
			packed(t, "a", "a").with("manifest.json", `[{"Config": "config.json", "RepoTags": ["a:1"], "Layers": ["x/layer.tar"]},
				{"Config": "c2", "RepoTags": ["docker.io/library/a:1"], "Layers": []}]`).with("c2", "{}"),
			"two images with the name docker.io/library/a:1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := damaged(t, tt.files.tar(t)); err == nil || !strings.Contains(err.Error(), tt.names) {
				t.Errorf("got %v, want %q", err, tt.names)
			}
		})
	}
}

// FuzzRead checks that any file is refused, or that all its content matches the digests.
func FuzzRead(f *testing.F) {
	content := strings.Repeat("layer ", 50)
	f.Add([]byte{})
	f.Add(legacy(f).tar(f))
	f.Add(packed(f, gzipOf(f, content), content).tar(f))
	f.Add(packed(f, flip(gzipOf(f, content)), content).tar(f))
	f.Add(legacy(f).with("one/layer.tar", "->../three/layer.tar").tar(f))
	f.Add(legacy(f).with("three/layer.tar", "=>../x").tar(f))
	f.Add(packed(f, "", "").with("manifest.json", `[{"Config":"config.json","RepoTags":["a"],"LayerSources":{"":null}},null]`).tar(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Read(t.Context(), bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for digest := range a.blobs {
			if got, err := read(a, digest); err == nil && digestOf(t, got) != digest {
				t.Errorf("the content of %s is %s", digest, digestOf(t, got))
			}
			if _, err := v1.NewHash(digest.String()); err != nil {
				t.Errorf("%v", err)
			}
		}
		for _, img := range a.Images {
			if !a.Has(img.Digest) || img.Name == "" {
				t.Errorf("%+v leads nowhere", img)
			}
		}
	})
}
