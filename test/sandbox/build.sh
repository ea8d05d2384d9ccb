#!/usr/bin/env bash
# Builds the sandbox and kubectl into OUTDIR. Does nothing when OUTDIR has what these sources give.
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
  ''|-*) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac

mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$here"

# Everything that goes into the binaries, by content.
stamp=$({
  go env GOVERSION GOOS GOARCH
  find . -type f \( -name go.mod -o -name go.sum -o -name build.sh -o -name '*.go' -o -name '*.yaml' \) ! -name '*_test.go' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum
} | sha256sum | cut -d' ' -f1)

if [[ -x $out/sandbox && -x $out/kubectl && $(cat "$out/.sandbox.stamp" 2>/dev/null) == "$stamp" ]]; then
  echo "sandbox: $out/sandbox and $out/kubectl are up to date" >&2
  exit
fi

build() {
  echo "sandbox: building $out/$1 (Kubernetes $version; takes minutes when Go's build cache is cold)" >&2
  CGO_ENABLED=0 go build -trimpath -p "${SANDBOX_BUILD_JOBS:-2}" -ldflags "$ldflags" -o "$out/$1" "$2"
}
rm -f "$out/.sandbox.stamp"
build sandbox ./cmd/sandbox
build kubectl k8s.io/kubernetes/cmd/kubectl
echo "$stamp" >"$out/.sandbox.stamp"
