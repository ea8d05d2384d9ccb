#!/usr/bin/env bash
# Builds the sandbox and kubectl into OUTDIR, and what nodes need where nodes can run. Does nothing when OUTDIR has what these
# sources give.
# usage: build.sh OUTDIR          build
#        build.sh --ldflags       print the linker flags (to give to "go test" and "go build")
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(awk '$1 == "k8s.io/kubernetes" && $2 ~ /^v/ {print $2; exit}' "$here/go.mod")
IFS=. read -r major minor _ <<<"${version#v}"

# Without these, the API server and kubectl would call themselves v0.0.0-master.
ldflags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  ldflags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
  ldflags+=" -X $package.gitTreeState=clean -X $package.gitCommit=sandbox"
done

case ${1:-} in
  --ldflags) echo "$ldflags"; exit ;;
  ''|-*) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac

mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$here"

# Nodes run on Linux, as root, and with runc, which comes from the distribution.
nodes='' left_out=''
if [[ $(go env GOOS) != linux ]]; then
  left_out='they run on Linux only'
elif [[ $(id -u) != 0 ]]; then
  left_out='they need root'
elif ! PATH=$PATH:/usr/sbin:/usr/local/sbin command -v runc >/dev/null; then
  left_out='runc is not installed (Debian: apt-get install runc)'
else
  nodes='sandbox-node workload kubelet containerd containerd-shim-runc-v2'
fi
[[ -z $left_out ]] || echo "sandbox: what nodes need is left out: $left_out" >&2

# Everything that goes into the binaries, by content.
stamp=$({
  echo "$nodes"
  go env GOVERSION GOOS GOARCH
  find . -type f \( -name go.mod -o -name go.sum -o -name build.sh -o -name '*.go' -o -name '*.yaml' -o -name '*.toml' \) ! -name '*_test.go' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum
} | sha256sum | cut -d' ' -f1)

built() {
  local name
  for name in sandbox kubectl $nodes; do
    [[ -x $out/$name ]] || return 1
  done
  [[ $(cat "$out/.sandbox.stamp" 2>/dev/null) == "$stamp" ]]
}
if built; then
  echo "sandbox: everything in $out is up to date" >&2
  exit
fi

build() {
  echo "sandbox: building $out/$1 (takes minutes when Go's build cache is cold)" >&2
  CGO_ENABLED=0 go build -trimpath -p "${SANDBOX_BUILD_JOBS:-2}" -o "$out/$1" "${@:2}"
}
rm -f "$out/.sandbox.stamp"
build sandbox -ldflags "$ldflags" ./cmd/sandbox
build kubectl -ldflags "$ldflags" k8s.io/kubernetes/cmd/kubectl
if [[ $nodes ]]; then
  build sandbox-node -ldflags '-s -w' ./cmd/sandbox-node
  build workload -ldflags '-s -w' ./cmd/workload
  build kubelet -ldflags "$ldflags" k8s.io/kubernetes/cmd/kubelet
  cd containerd # a module of its own: its Kubernetes libraries are of another minor version
  containerd=$(awk '$1 == "github.com/containerd/containerd/v2" {print $2; exit}' go.mod)
  for name in containerd containerd-shim-runc-v2; do
    build "$name" -tags no_btrfs,no_devmapper,no_zfs -ldflags "-s -w -X github.com/containerd/containerd/v2/version.Version=$containerd" \
      "github.com/containerd/containerd/v2/cmd/$name"
  done
fi
echo "$stamp" >"$out/.sandbox.stamp"
