package oci

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func parsed(t *testing.T, names ...string) []v1.Platform {
	t.Helper()
	var list []v1.Platform
	for _, s := range names {
		p, err := v1.ParsePlatform(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, *p)
	}
	return list
}

func TestMatches(t *testing.T) {
	tests := []struct {
		have, want string
		match      bool
	}{
		{"linux/amd64", "linux/amd64", true},
		{"linux/amd64", "linux/arm64", false},
		{"linux/arm64/v8", "linux/arm64", true},
		{"linux/arm64", "linux/arm64/v8", true},
		{"linux/arm/v6", "linux/arm", true},
		{"linux/arm/v6", "linux/arm/v7", false},
		{"windows/amd64:10.0.1", "windows/amd64", true},
		{"windows/amd64", "linux/amd64", false},
	}
	for _, tt := range tests {
		p := parsed(t, tt.have, tt.want)
		if got := Matches(p[0], p[1]); got != tt.match {
			t.Errorf("%s for %s: %t", tt.have, tt.want, got)
		}
	}
}
