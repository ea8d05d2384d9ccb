package plugin

// The names of kubermatic-installer's commands and flags, for users who know that tool
// (kubermatic cmd/kubermatic-installer/cmd_mirror_images.go, cmd_mirror_binaries.go and
// cmd_list_images.go, v2.21 to v2.31).

// installerCommand returns the command that does the work of a command of kubermatic-installer, or
// of image-loader, its predecessor.
func installerCommand(name string) (command string, ok bool) {
	command, ok = map[string]string{
		"mirror-images":   "sync TARGET",
		"image-loader":    "sync TARGET",
		"list-images":     "images",
		"mirror-binaries": "files DIR",
	}[name]
	return command, ok
}

// installerFlag returns what a user writes here in place of a flag of kubermatic-installer that
// no command has under that name.
func installerFlag(name string) (advice string, ok bool) {
	const archive = "name the archive as target: sync oci-archive:FILE.tar"
	advice, ok = map[string]string{
		"archive-images": archive,
		"archive":        archive,
		"archive-path":   archive,
		"registry":       "name the registry as target: sync REGISTRY",
		"docker-binary":  "not needed: images are copied without docker",
		"helm-binary":    "not needed: charts are rendered without the helm program",
		"helm-timeout":   "not needed: charts are rendered without the helm program",
		"output-dir":     "name the directory as argument: files DIR",
		"architectures":  "write --platform linux/amd64,linux/arm64",
		"show-source":    "'images' shows the source of each image, 'images -o json' all reasons",
		"charts":         "'images' lists charts, too; -o wide shows the kind",
		"verbose":        "write -v 6",
	}[name]
	return advice, ok
}
