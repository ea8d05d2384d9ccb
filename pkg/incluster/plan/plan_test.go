package plan_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/plan"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/seeded"
)

// inventory is the images of a lock. Their digests are random: they cannot be compressed.
func inventory(t *testing.T, count int) images.Inventory {
	t.Helper()
	random := seeded.New(t)
	var c images.Collector
	for i := range count {
		ref, err := images.ParseRef(fmt.Sprintf("quay.io/kubermatic/app-%d:v1", i))
		if err != nil {
			t.Fatal(err)
		}
		digest := fmt.Sprintf("sha256:%016x%016x%016x%016x", random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64())
		c.Add(images.Image{Ref: ref, Digest: digest, Also: []string{fmt.Sprintf("second/app-%d", i)}})
	}
	c.Gap("running", "Seed muc", errors.New("unreachable"))
	inv := c.Inventory()
	inv.Excluded = []images.Ref{{Registry: "quay.io", Repository: "excluded", Tag: "v1"}}
	return inv
}

// directory has parts as Kubernetes mounts them: as links into a directory.
func directory(parts []plan.Part) fstest.MapFS {
	dir := fstest.MapFS{}
	for _, part := range parts {
		dir["..data/"+part.Name] = &fstest.MapFile{Data: part.Content}
		dir[part.Name] = &fstest.MapFile{Data: []byte("..data/" + part.Name), Mode: fs.ModeSymlink}
	}
	return dir
}

func pack(t *testing.T, p plan.Plan, size int) []plan.Part {
	t.Helper()
	parts, err := p.Pack(size)
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func newPlan(t *testing.T, inv images.Inventory) plan.Plan {
	t.Helper()
	p, err := plan.New(inv)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanArrives(t *testing.T) {
	inv := inventory(t, 100)
	whole := newPlan(t, inv)
	shards := make([]int, 100)
	for i := range shards {
		shards[i] = i % 3
	}
	for _, p := range []plan.Plan{whole, whole.Split(3, shards)} {
		for _, size := range []int{plan.PartSize, 1000, 200} {
			parts := pack(t, p, size)
			for _, part := range parts {
				if len(part.Content) > size || len(part.Content) == 0 {
					t.Errorf("%s has %d bytes, limit %d", part.Name, len(part.Content), size)
				}
			}
			if (len(parts) > 1) == (size == plan.PartSize) {
				t.Errorf("%d parts of %d bytes", len(parts), size)
			}
			got, err := plan.Unpack(directory(parts))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p, got); diff != "" {
				t.Error(diff)
			}
			if got.Digest() != p.Digest() || got.LockDigest() != p.LockDigest() {
				t.Error("another digest")
			}
			arrived, err := got.Inventory()
			if diff := cmp.Diff(inv, arrived); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if diff := cmp.Diff(parts, pack(t, p, size)); diff != "" {
				t.Error("packed again, the parts differ")
			}
		}
	}
	if whole.Digest() == whole.Split(3, shards).Digest() {
		t.Error("one digest for one pod and three")
	}
}

func TestShardsShareTheCopies(t *testing.T) {
	inv := inventory(t, 50)
	random := seeded.New(t)
	shards := make([]int, len(inv.Images))
	for i := range shards {
		shards[i] = random.IntN(4)
	}
	p := newPlan(t, inv).Split(4, shards)
	all := images.NewPlan(inv, images.Target{Registry: "registry.example.com", Prefix: "kkp"})
	var together []images.Copy
	for shard := range 4 {
		part := p.Of(shard, inv, all)
		if part.Target != all.Target {
			t.Errorf("target %s", part.Target)
		}
		together = append(together, part.Copies...)
	}
	slices.SortFunc(together, func(a, b images.Copy) int { return strings.Compare(a.Target.String(), b.Target.String()) })
	if diff := cmp.Diff(all.Copies, together); diff != "" || len(together) != 100 {
		t.Error(diff)
	}
	if whole := newPlan(t, inv).Of(0, inv, all); len(whole.Copies) != 100 {
		t.Errorf("one pod copies %d", len(whole.Copies))
	}
}

func TestMost(t *testing.T) {
	whole := plan.Plan{Shards: 1}
	if got := whole.Most(7); got != 7 {
		t.Errorf("one pod: %d", got)
	}
	if got := whole.Split(3, []int{2, 0, 2, 2, 0}).Most(5); got != 3 {
		t.Errorf("three pods: %d", got)
	}
}

func TestDamagedPlans(t *testing.T) {
	parts := pack(t, newPlan(t, inventory(t, 300)), 2000)
	other := pack(t, newPlan(t, inventory(t, 300)), 2000)
	if len(parts) < 4 || len(parts) != len(other) {
		t.Fatalf("%d and %d parts", len(parts), len(other))
	}
	changed := func(change func(dir fstest.MapFS)) fstest.MapFS {
		dir := directory(parts)
		change(dir)
		return dir
	}
	data := func(dir fstest.MapFS, part int) *fstest.MapFile { return dir["..data/"+parts[part].Name] }
	for name, dir := range map[string]fstest.MapFS{
		"empty directory":    {},
		"first part missing": changed(func(d fstest.MapFS) { delete(d, parts[0].Name) }),
		"a part missing":     changed(func(d fstest.MapFS) { delete(d, parts[1].Name) }),
		"last part missing":  changed(func(d fstest.MapFS) { delete(d, parts[len(parts)-1].Name) }),
		"a part cut":         changed(func(d fstest.MapFS) { data(d, 1).Data = data(d, 1).Data[:100] }),
		"a part of another":  changed(func(d fstest.MapFS) { data(d, 1).Data = other[1].Content }),
		"parts swapped": changed(func(d fstest.MapFS) {
			data(d, 1).Data, data(d, 2).Data = data(d, 2).Data, data(d, 1).Data
		}),
		"more after the end": changed(func(d fstest.MapFS) {
			last := data(d, len(parts)-1)
			last.Data = append(bytes.Clone(last.Data), 'x')
		}),
		"a second stream": changed(func(d fstest.MapFS) {
			d[fmt.Sprintf("part-%03d", len(parts))] = &fstest.MapFile{Data: parts[0].Content}
		}),
	} {
		if p, err := plan.Unpack(dir); err == nil {
			t.Errorf("%s: a plan with a lock of %d bytes", name, len(p.Lock))
		}
	}
}

// stream packs a text as a plan.
func stream(text string) fstest.MapFS {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write([]byte(text))
	_ = zip.Close()
	return fstest.MapFS{"part-000": {Data: packed.Bytes()}}
}

func TestForeignPlans(t *testing.T) {
	const lock = `"lock":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","bytes":0`
	header := func(rest string) fstest.MapFS {
		return stream(`{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"CopyPlan",` + rest + "}\n")
	}
	if _, err := plan.Unpack(header(lock + `,"shards":2,"shard":[0,1]`)); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]fstest.MapFS{
		"no header":         stream("text"),
		"not JSON":          stream("text\n"),
		"another version":   stream(`{"apiVersion":"kkp-mirror.dev/v2","kind":"CopyPlan","shards":1,` + lock + "}\n"),
		"another kind":      stream(`{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","shards":1,` + lock + "}\n"),
		"another digest":    header(strings.Replace(lock, "e3b0", "0000", 1) + `,"shards":1`),
		"another size":      header(strings.Replace(lock, `"bytes":0`, `"bytes":1`, 1) + `,"shards":1`),
		"no shards":         header(lock),
		"too many shards":   header(lock + `,"shards":65`),
		"a shard beyond":    header(lock + `,"shards":2,"shard":[2]`),
		"a negative shard":  header(lock + `,"shards":2,"shard":[-1]`),
		"shards of one pod": header(lock + `,"shards":1,"shard":[0]`),
	} {
		if _, err := plan.Unpack(dir); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	p := newPlan(t, inventory(t, 3)).Split(2, []int{0, 1})
	if _, err := p.Inventory(); err == nil {
		t.Error("a lock with three images and two shards")
	}
}

func TestBounds(t *testing.T) {
	small := newPlan(t, inventory(t, 1))
	for _, size := range []int{0, -1, plan.PartSize + 1} {
		if _, err := small.Pack(size); err == nil {
			t.Errorf("parts of %d bytes", size)
		}
	}
	var exceeded *bounded.ExceededError
	if _, err := (plan.Plan{Lock: make([]byte, 65<<20), Shards: 1}).Pack(plan.PartSize); !errors.As(err, &exceeded) {
		t.Errorf("a lock of 65 MiB: %v", err)
	}
	if _, err := newPlan(t, inventory(t, 300)).Pack(10); err == nil {
		t.Error("more parts than are read")
	}
	if _, err := plan.Unpack(stream(strings.Repeat(" ", 66<<20))); !errors.As(err, &exceeded) {
		t.Errorf("66 MiB in little compressed text: %v", err)
	}
	large := fstest.MapFS{"part-000": {Data: make([]byte, 2<<20)}}
	copy(large["part-000"].Data, pack(t, small, plan.PartSize)[0].Content[:20])
	if _, err := plan.Unpack(large); err == nil {
		t.Error("a part of 2 MiB")
	}
}

func FuzzUnpack(f *testing.F) {
	p := plan.Plan{Lock: []byte(`{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","items":[{"ref":"alpine"}]}`), Shards: 1}
	for _, size := range []int{plan.PartSize, 100} {
		parts, err := p.Pack(size)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(parts[0].Content, parts[len(parts)-1].Content)
	}
	f.Add([]byte{}, []byte{})
	f.Add(stream("{}\n")["part-000"].Data, []byte{})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		dir := fstest.MapFS{"part-000": {Data: first}, "part-001": {Data: second}}
		got, err := plan.Unpack(dir)
		if err != nil {
			return
		}
		inv, err := got.Inventory()
		if err != nil {
			return
		}
		all := images.NewPlan(inv, images.Target{Registry: "registry.example.com"})
		copies := 0
		for shard := range got.Shards {
			copies += len(got.Of(shard, inv, all).Copies)
		}
		if copies != len(all.Copies) {
			t.Errorf("%d copies of %d", copies, len(all.Copies))
		}
	})
}
