package catalog

import (
	"path"
	"strings"
)

// Move is a repository that KKP releases name and whose images are gone, with the new repository.
// The new one has the same tags, and the same digests where digests are known.
type Move struct {
	// From and To are repositories with their registries: "docker.io/minio/mc". In the
	// table, "/*" at the end of both stands for the same last element.
	From, To string
	// Tags is a pattern as in path.Match.
	Tags string
	// Fact is the issue or pull request about the move: "kubermatic/kubermatic#16478".
	Fact string
}

// allMoves returns the known moves, the most likely first.
func allMoves() []Move {
	const mirror = "quay.io/kubermatic-mirror/"
	return []Move{
		{"docker.io/minio/mc", mirror + "images/minio/mc", "RELEASE.*", "kubermatic/kubermatic#16478"},
		{"docker.io/minio/minio", mirror + "images/minio/minio", "RELEASE.*", "kubermatic/kubermatic#16511"},
		{"quay.io/minio/mc", mirror + "images/minio/mc", "RELEASE.*", "kubermatic/kubermatic#16492"},
		{"quay.io/minio/minio", mirror + "images/minio/minio", "RELEASE.*", "kubermatic/kubermatic#16492"},
		{"docker.io/bitnami/memcached", mirror + "images/memcached", "1.6.19-debian-11-r0", "kubermatic/kubermatic#14873"},
		{"docker.io/bitnami/memcached-exporter", mirror + "images/memcached-exporter", "0.11.2-debian-11-r0", "kubermatic/kubermatic#14873"},
		{"docker.io/bitnami/*", "docker.io/bitnamilegacy/*", "[0-9]*", "bitnami/containers#83267"},
		{"quay.io/kubermatic/helm-charts/cilium", mirror + "helm-charts/cilium", "*", "kubermatic/kubermatic#15128"},
		{"quay.io/kubermatic/helm-charts/cluster-autoscaler", mirror + "helm-charts/cluster-autoscaler", "*", "kubermatic/kubermatic#15128"},
	}
}

// Moves returns the possible new repositories of a tag, the most likely first. Without a tag, for a
// reference with a digest, only the repository counts.
func Moves(repository, tag string) []Move {
	var moves []Move
	for _, m := range allMoves() {
		if matches, err := path.Match(m.Tags, tag); err != nil || !matches && tag != "" {
			continue
		}
		if above, ok := strings.CutSuffix(m.From, "/*"); ok && path.Dir(repository) == above {
			m.From, m.To = repository, strings.TrimSuffix(m.To, "*")+path.Base(repository)
		}
		if m.From == repository {
			moves = append(moves, m)
		}
	}
	return moves
}
