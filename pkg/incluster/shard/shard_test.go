package shard_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/shard"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/seeded"
)

// random makes images with some blobs of a pool.
func random(r *rand.Rand, count, pool int) []shard.Image {
	list := make([]shard.Image, count)
	for i := range list {
		for range r.IntN(4) {
			blob := r.IntN(pool)
			list[i].Blobs = append(list[i].Blobs, images.Blob{Digest: fmt.Sprint("sha256:", blob), Bytes: int64(blob) << 20})
		}
		place := images.Ref{Registry: "registry.example.com", Repository: fmt.Sprint("app-", r.IntN(2*count)), Tag: "v1"}
		list[i].Places = []images.Ref{place}
	}
	return list
}

// check expects that no blob and no place is in two shards.
func check(t *testing.T, list []shard.Image, shards int, got []int) {
	t.Helper()
	if len(got) != len(list) {
		t.Fatalf("%d images have %d shards", len(list), len(got))
	}
	blobs, places := map[string]int{}, map[images.Ref]int{}
	for i, img := range list {
		if got[i] < 0 || got[i] >= shards {
			t.Fatalf("image %d is in shard %d of %d", i, got[i], shards)
		}
		for _, blob := range img.Blobs {
			if at, known := blobs[blob.Digest]; known && at != got[i] {
				t.Errorf("%s is in shards %d and %d", blob.Digest, at, got[i])
			}
			blobs[blob.Digest] = got[i]
		}
		for _, place := range img.Places {
			if at, known := places[place]; known && at != got[i] {
				t.Errorf("%s is in shards %d and %d", place, at, got[i])
			}
			places[place] = got[i]
		}
	}
}

// TestSpeed divides images with and without a common layer.
func TestSpeed(t *testing.T) {
	base := images.Blob{Digest: "sha256:base", Bytes: 1 << 10}
	var apart, joined []shard.Image
	for i := range 6 {
		own := images.Blob{Digest: fmt.Sprint("sha256:", i), Bytes: 10 << 20}
		apart = append(apart, shard.Image{Blobs: []images.Blob{own, own}})
		joined = append(joined, shard.Image{Blobs: []images.Blob{base, own}})
	}
	const each = 10<<20 + 256<<10 // of an image
	loads := shard.Loads(apart, shard.Divide(apart, 3), 3)
	if diff := cmp.Diff([]int64{2 * each, 2 * each, 2 * each}, loads); diff != "" || shard.Speed(loads) != 3 {
		t.Errorf("%s%v", diff, shard.Speed(loads))
	}
	loads = shard.Loads(joined, shard.Divide(joined, 3), 3)
	if diff := cmp.Diff([]int64{6*each + 1<<10, 0, 0}, loads); diff != "" || shard.Speed(loads) != 1 {
		t.Errorf("%s%v", diff, shard.Speed(loads))
	}
}

func TestNothingIsInTwoShards(t *testing.T) {
	r := seeded.New(t)
	for range 300 {
		list, shards := random(r, r.IntN(60), 1+r.IntN(200)), 1+r.IntN(6)
		got := shard.Divide(list, shards)
		check(t, list, shards, got)
		if diff := cmp.Diff(got, shard.Divide(list, shards)); diff != "" {
			t.Errorf("divided again: %s", diff)
		}
	}
}

// TestShardsHaveSimilarSizes divides images that share nothing: no shard is larger than the
// average and the largest image.
func TestShardsHaveSimilarSizes(t *testing.T) {
	r := seeded.New(t)
	for range 100 {
		const count, shards, most = 100, 4, 1000 << 20
		list := make([]shard.Image, count)
		var sum int64
		loads := make([]int64, shards)
		for i := range list {
			list[i].Blobs = []images.Blob{{Digest: fmt.Sprint(i), Bytes: r.Int64N(most)}}
			sum += list[i].Blobs[0].Bytes
		}
		for i, at := range shard.Divide(list, shards) {
			loads[at] += list[i].Blobs[0].Bytes
		}
		for _, load := range loads {
			if load > sum/shards+most {
				t.Fatalf("shards have %d bytes", loads)
			}
		}
	}
}

func TestDivide(t *testing.T) {
	blobs := func(names ...string) []images.Blob {
		var list []images.Blob
		for _, name := range names {
			list = append(list, images.Blob{Digest: name, Bytes: 100 << 20})
		}
		return list
	}
	place := images.Ref{Registry: "registry.example.com", Repository: "a", Tag: "v1"}
	for name, tt := range map[string]struct {
		list   []shard.Image
		shards int
		want   []int
	}{
		"none":             {nil, 3, []int{}},
		"one shard":        {[]shard.Image{{Blobs: blobs("a")}, {Blobs: blobs("b")}}, 1, []int{0, 0}},
		"fewer images":     {[]shard.Image{{Blobs: blobs("a")}}, 3, []int{0}},
		"a chain":          {[]shard.Image{{Blobs: blobs("a", "b")}, {Blobs: blobs("x")}, {Blobs: blobs("b", "c")}, {Blobs: blobs("c")}}, 2, []int{0, 1, 0, 0}},
		"joined late":      {[]shard.Image{{Blobs: blobs("a")}, {Blobs: blobs("b")}, {Blobs: blobs("b", "a")}}, 3, []int{0, 0, 0}},
		"one place":        {[]shard.Image{{Blobs: blobs("a"), Places: []images.Ref{place}}, {Places: []images.Ref{place}}, {Blobs: blobs("b")}}, 2, []int{0, 0, 1}},
		"the largest last": {[]shard.Image{{Blobs: blobs("a")}, {Blobs: blobs("b")}, {Blobs: blobs("c", "d", "e")}}, 2, []int{1, 1, 0}},
		"nothing is known": {[]shard.Image{{}, {}, {}}, 2, []int{0, 1, 0}},
		"any size":         {[]shard.Image{{Blobs: []images.Blob{{Digest: "a", Bytes: math.MaxInt64}, {Digest: "b", Bytes: math.MaxInt64}}}, {}}, 2, []int{0, 1}},
	} {
		if diff := cmp.Diff(tt.want, shard.Divide(tt.list, tt.shards)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzDivide(f *testing.F) {
	f.Add(uint64(1), 10, 5, 3)
	f.Add(uint64(2), 0, 1, 1)
	f.Fuzz(func(t *testing.T, seed uint64, count, pool, shards int) {
		if count < 0 || count > 200 || pool < 1 || pool > 1000 || shards < 1 || shards > 64 {
			t.Skip()
		}
		list := random(rand.New(rand.NewPCG(seed, 0)), count, pool)
		check(t, list, shards, shard.Divide(list, shards))
	})
}
