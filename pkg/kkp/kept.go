package kkp

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// OriginalAnnotation holds, on a CustomOperatingSystemProfile with the name of a default profile,
// the profile that it replaces: operating-system-manager writes no default profiles any more, so
// that no user cluster has the original.
const OriginalAnnotation = "kkp-mirror.dev/original"

// KeptProfile is the original of a profile with the same name.
type KeptProfile struct {
	Profile

	KKP string // version of KKP that brought the original: "v2.31.0"
}

// keptText is the value of the annotation.
type keptText struct {
	KKP  string         `json:"kkp"`
	Spec map[string]any `json:"spec"`
}

// KeepOriginal returns the value of OriginalAnnotation for a profile that a version of KKP brought.
func KeepOriginal(original Profile, version string) (string, error) {
	kept := keptText{KKP: version}
	if err := json.Unmarshal(original.Object, &kept); err != nil {
		return "", err
	}
	kept.KKP = version
	text, err := json.Marshal(kept)
	return string(text), err
}

// keptBy reads the original that an object keeps. The annotation is not trusted: a value that is no
// profile counts as none.
func keptBy(obj *unstructured.Unstructured) *KeptProfile {
	text, ok := obj.GetAnnotations()[OriginalAnnotation]
	if !ok {
		return nil
	}
	var kept keptText
	if json.Unmarshal([]byte(text), &kept) != nil || kept.Spec == nil {
		return nil
	}
	object := &unstructured.Unstructured{Object: map[string]any{"kind": KindProfile, "spec": kept.Spec}}
	object.SetName(obj.GetName())
	p, err := profileFrom(object)
	if err != nil {
		return nil
	}
	return &KeptProfile{p, kept.KKP}
}

// ProfilesFrom returns the operating system profiles among objects.
func ProfilesFrom(objects []*unstructured.Unstructured) ([]Profile, error) {
	var chosen []*unstructured.Unstructured
	for _, obj := range objects {
		if kind := obj.GetKind(); obj.GroupVersionKind().Group == osmGroup && (kind == KindProfile || kind == KindCustomProfile) {
			chosen = append(chosen, obj)
		}
	}
	return convert(chosen, profileFrom)
}
