package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// semver matches a semantic version with v, without build metadata: a + is not safe in the address
// of an archive.
var semver = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
	`(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?$`)

func checkVersion(version string) error {
	if !semver.MatchString(version) {
		return fmt.Errorf("version %q is not like v1.2.3 or v1.2.3-rc.1; give one with make release VERSION=vX.Y.Z", version)
	}
	return nil
}

// commitTime returns the modification time of packed files: SOURCE_DATE_EPOCH in Unix seconds, or
// the time of the commit.
func commitTime(ctx context.Context, root string) (time.Time, error) {
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		cmd := exec.CommandContext(ctx, "git", "log", "-1", "--format=%ct")
		cmd.Dir = root
		out, err := cmd.Output()
		if err != nil {
			return time.Time{}, fmt.Errorf("asking git for the time of the commit: %w; outside a clone, set SOURCE_DATE_EPOCH", err)
		}
		epoch = strings.TrimSpace(string(out))
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("the time %q is not in Unix seconds", epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
