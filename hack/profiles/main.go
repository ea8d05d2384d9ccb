// Command profiles makes what pkg/files/catalog/data says of one KKP minor, from the default
// operating system profiles of its operating-system-manager (OSM):
//
//	go run ./hack/profiles -osm v1.11.3 DIRECTORY > pkg/files/catalog/data/v2.31.yaml
//
// The directory has these profiles, osp-*.yaml, as they are in deploy/osps/default of OSM's
// source. Each is traced, for both architectures, all its providers and a range of minors of
// Kubernetes; what differs between these becomes a condition.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/catalog"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "profiles:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("profiles", flag.ContinueOnError)
	osm := flags.String("osm", "", "version of OSM: v1.11.3")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *osm == "" || flags.NArg() != 1 {
		return errors.New("usage: profiles -osm VERSION DIRECTORY")
	}
	text, err := release(ctx, *osm, flags.Arg(0))
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// release makes the data of a version of OSM.
func release(ctx context.Context, osm, dir string) ([]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "osp-*.yaml"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no profiles in %s: %w", dir, err)
	}
	r := catalog.Release{OSM: osm}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		p, err := profileOf(ctx, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r.Profiles = append(r.Profiles, p)
	}
	text, err := yaml.Marshal(r)
	if err != nil {
		return nil, err
	}
	head := "# Made by hack/profiles from the default operating system profiles of OSM " + osm + ".\n"
	return append([]byte(head), text...), nil
}
