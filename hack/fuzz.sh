#!/usr/bin/env bash
# Runs every fuzz target of cmd and pkg for the given time each: hack/fuzz.sh 10s
# GO names the Go command.
#
# Inputs that reach new code are kept in Go's cache. An input that fails is written to
# testdata/fuzz of its package. Minimizing inputs takes longer than finding them, so it is bounded.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fuzz() { # PACKAGE TARGET
	"${GO:-go}" test -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 10x "./$1" 2>&1 | tee "$log"
}

# Go sometimes reports the end of the time as a failure of the target: its coordinator sees the
# deadline before its workers do (internal/fuzz, CoordinateFuzzing). Such a failure has no input.
only_the_deadline() {
	grep -qx '    context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log"
}

targets=$(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd pkg | sort)
test -n "$targets" || { echo 'no fuzz targets found' >&2; exit 1; }
while IFS=: read -r file func; do
	package=$(dirname "$file") target=${func#func }
	printf '==> fuzzing %s of %s for %s\n' "$target" "$package" "$time"
	fuzz "$package" "$target" && continue
	only_the_deadline || exit 1
	printf '==> once more: the time ended, no input failed\n'
	fuzz "$package" "$target" || exit 1
done <<<"$targets"
