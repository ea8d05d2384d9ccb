package reader

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/opencontainers/go-digest"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/manifest"
	"go.podman.io/image/v5/pkg/blobinfocache/none"
	"go.podman.io/image/v5/types"
)

// systemOf makes the library forget what the host is configured with; empty is a directory with nothing in it.
func systemOf(empty string) *types.SystemContext {
	return &types.SystemContext{
		DockerInsecureSkipTLSVerify: types.OptionalBoolTrue,
		AuthFilePath:                filepath.Join(empty, "auth.json"),
		BigFilesTemporaryDir:        empty,
		DockerPerHostCertDirPath:    empty,
		RegistriesDirPath:           empty,
		SystemRegistriesConfDirPath: empty,
		SystemRegistriesConfPath:    "/dev/null",
	}
}

// copyIndex copies an image for two platforms.
func copyIndex(ctx context.Context, from, to types.ImageReference, system *types.SystemContext) error {
	source, err := from.NewImageSource(ctx, system)
	if err != nil {
		return err
	}
	defer source.Close()
	destination, err := to.NewImageDestination(ctx, system)
	if err != nil {
		return err
	}
	defer destination.Close()

	index, mediaType, err := source.GetManifest(ctx, nil)
	if err != nil {
		return err
	}
	list, err := manifest.ListFromBlob(index, mediaType)
	if err != nil {
		return err
	}
	if len(list.Instances()) != 2 {
		return fmt.Errorf("it is for %d platforms", len(list.Instances()))
	}
	for _, instance := range list.Instances() {
		if err := copyInstance(ctx, source, destination, &instance); err != nil {
			return fmt.Errorf("%s: %w", instance, err)
		}
	}
	if err := destination.PutManifest(ctx, index, nil); err != nil {
		return err
	}
	return destination.Commit(ctx, image.UnparsedInstance(source, nil))
}

// copyInstance copies the image for one platform; instance is nil if it is not one of an index.
func copyInstance(ctx context.Context, source types.ImageSource, destination types.ImageDestination, instance *digest.Digest) error {
	raw, mediaType, err := source.GetManifest(ctx, instance)
	if err != nil {
		return err
	}
	parsed, err := manifest.FromBlob(raw, mediaType)
	if err != nil {
		return err
	}
	blobs := []types.BlobInfo{parsed.ConfigInfo()}
	for _, layer := range parsed.LayerInfos() {
		blobs = append(blobs, layer.BlobInfo)
	}
	for i, info := range blobs {
		if err := copyBlob(ctx, source, destination, info, i == 0); err != nil {
			return fmt.Errorf("%s: %w", info.Digest, err)
		}
	}
	return destination.PutManifest(ctx, raw, instance)
}

func copyBlob(ctx context.Context, source types.ImageSource, destination types.ImageDestination, info types.BlobInfo, isConfig bool) error {
	content, size, err := source.GetBlob(ctx, info, none.NoCache)
	if err != nil {
		return err
	}
	defer content.Close()
	if size != info.Size {
		return fmt.Errorf("it has %d bytes instead of %d", size, info.Size)
	}
	_, err = destination.PutBlob(ctx, content, info, none.NoCache, isConfig)
	return err
}
