package chart

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChangedTexts(t *testing.T) {
	defaults := values(t, "{a: {hub: quay.io, tag: v1}, parts: [{name: one, image: quay.io/x}, {name: two, image: quay.io/y}], args: [--image=quay.io/z], same: s}")
	user := values(t, "{a: {hub: reg.corp, extra: reg.corp/e}, parts: [{name: two, image: reg.corp/y}, {name: three, image: reg.corp/z}, {name: new, image: reg.corp/n}], args: [--image=reg.corp/z, more], same: s}")
	got := map[string]string{}
	texts := changedTexts(user, defaults, nil)
	for _, text := range texts {
		got[text.path()] = text.text + " for " + text.standard
	}
	want := map[string]string{
		"a.hub": "reg.corp for quay.io", "a.extra": "reg.corp/e for ", "parts.0.image": "reg.corp/y for quay.io/y", "parts.1.image": "reg.corp/z for quay.io/y",
		"parts.1.name": "three for two", "parts.2.name": "new for ", "parts.2.image": "reg.corp/n for ", "args.0": "--image=reg.corp/z for --image=quay.io/z", "args.1": "more for ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wanted := values(t, "{a: {}, parts: [{name: two, image: quay.io/y}, {name: two, image: quay.io/y}, {name: new, image: reg.corp/n}], args: [--image=quay.io/z, more], same: s}")
	if diff := cmp.Diff(wanted, withDefaults(user, texts)); diff != "" {
		t.Error(diff)
	}
}

const sum = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestTextsThatLeadReferences(t *testing.T) {
	for _, c := range []struct {
		text, reference string
		begins, leads   bool
	}{
		{"reg.corp", "reg.corp/a/b:1", true, true},
		{"reg.corp/kkp/", "reg.corp/kkp/a/b:1", true, true},
		{"reg.corp:5000/a/b", "reg.corp:5000/a/b@" + sum, true, true},
		{"reg.corp/a/b:1", "reg.corp/a/b:1", true, true},
		{"--image=reg.corp/a:1,x", "reg.corp/a:1", false, true},
		{"reg.corp/a", "reg.corp/ab:1", false, false}, // not a whole element
		{"reg.corp", "reg.corp:5000/a", false, false}, // another registry
		{"a", "a/b:1", false, false},                  // on docker.io
		{"nginx", "nginx:1", false, false},
		{"v1", "reg.corp/v1:v1", false, false},
		{"reg.corp", "", false, false},
	} {
		text := changedText{text: c.text}
		if text.begins(c.reference) != c.begins || text.leads(c.reference) != c.leads {
			t.Errorf("%s in %s: begins %t, leads %t", c.text, c.reference, text.begins(c.reference), text.leads(c.reference))
		}
	}
}

func FuzzWithDefaults(f *testing.F) {
	f.Add(`{"a": {"b": "x"}, "l": [{"name": "n", "image": "x"}, ["y"], "z"]}`, `{"a": {"b": "y"}, "l": [{"name": "n", "image": "y"}, ["z"], null]}`)
	f.Add(`{"a": "x"}`, `{"a": {"b": "x"}}`)
	f.Add(`{"a": {"b": "x"}}`, `{"a": "x"}`)
	f.Add(`{"": [[[""], "a"]]}`, `{"": [[["x"]]]}`)
	f.Fuzz(func(t *testing.T, user, standard string) {
		var values, defaults map[string]any
		if json.Unmarshal([]byte(user), &values) != nil || json.Unmarshal([]byte(standard), &defaults) != nil {
			t.Skip("not two maps in JSON")
		}
		before, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		kept := withDefaults(values, changedTexts(values, defaults, nil))
		for _, text := range changedTexts(kept, defaults, nil) {
			if !slices.ContainsFunc(text.at, func(step any) bool { _, index := step.(int); return index }) {
				t.Errorf("%s is still %q", text.path(), text.text)
			}
		}
		if after, err := json.Marshal(values); err != nil || string(after) != string(before) {
			t.Errorf("%s became %s", before, after)
		}
	})
}
