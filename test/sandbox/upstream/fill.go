package upstream

import (
	"context"
	"fmt"

	"github.com/distribution/distribution/v3"
	_ "github.com/distribution/distribution/v3/manifest/manifestlist" // registers itself
	_ "github.com/distribution/distribution/v3/manifest/ocischema"    // registers itself
	_ "github.com/distribution/distribution/v3/manifest/schema2"      // registers itself
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/distribution/reference"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

const (
	fillers    = 8
	maxThreads = 64
)

// Result says what became of the references.
type Result struct {
	// Stored is the number of images.
	Stored int
	// Unservable are the references that demand a digest which a stand-in has not. Those with a tag are stored under it,
	// with another digest.
	Unservable []string
}

// Fill stores an image for each reference in a registry's storage, as {host}/{path}:{tag}. It writes past the registry's
// HTTP side, which takes a fraction of the time. workload is a program for this machine that the images have and run; with
// none they cannot run.
func Fill(ctx context.Context, root string, workload []byte, references []reference.Named) (Result, error) {
	result := Result{Unservable: []string{}}
	generator, err := NewGenerator(workload)
	if err != nil {
		return result, err
	}
	driver := filesystem.New(filesystem.DriverParameters{RootDirectory: root, MaxThreads: maxThreads})
	registry, err := storage.NewRegistry(ctx, driver)
	if err != nil {
		return result, err
	}

	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(fillers)
	for _, named := range references {
		image, err := generator.Image(named)
		if err != nil {
			return result, err
		}
		if !image.serves(named) {
			result.Unservable = append(result.Unservable, named.String())
		}
		if _, tag := location(named); tag == "" && !image.serves(named) {
			continue
		}
		result.Stored++
		group.Go(func() error {
			if err := store(groupCtx, registry, image, named); err != nil {
				return fmt.Errorf("storing a stand-in for %s: %w", named, err)
			}
			return nil
		})
	}

	return result, group.Wait()
}

func store(ctx context.Context, registry distribution.Namespace, image *Image, named reference.Named) error {
	name, tag := location(named)
	repositoryName, err := reference.WithName(name)
	if err != nil {
		return err
	}
	repository, err := registry.Repository(ctx, repositoryName)
	if err != nil {
		return err
	}

	// Content that another repository has already is not written again, only linked.
	blobs := repository.Blobs(ctx)
	for _, blob := range image.Blobs {
		if _, err := blobs.Put(ctx, string(blob.MediaType), blob.Content); err != nil {
			return err
		}
	}

	manifests, err := repository.Manifests(ctx)
	if err != nil {
		return err
	}
	for _, blob := range image.Manifests {
		manifest, _, err := distribution.UnmarshalManifest(string(blob.MediaType), blob.Content)
		if err != nil {
			return err
		}
		if _, err := manifests.Put(ctx, manifest); err != nil {
			return err
		}
	}

	if tag == "" {
		return nil
	}

	return repository.Tags(ctx).Tag(ctx, tag, ocispec.Descriptor{Digest: image.Digest()})
}
