package trace

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOverride(t *testing.T) {
	all := map[string]any{
		"a": map[string]any{"b": "x", "c": "y"},
		"l": []any{map[string]any{"image": "x", "name": "n"}, "--a=x --b=y"},
	}
	got := Override(all, []Filling{
		{Hole{At: []any{"a", "b"}, Text: "x", End: 1}, "1"},
		{Hole{At: []any{"a", "new", "d"}}, "2"},
		{Hole{At: []any{"l", 0, "image"}, Text: "x", End: 1}, "3"},
		{Hole{At: []any{"l", 1}, Text: "--a=x --b=y", Start: 4, End: 5}, "first"},
		{Hole{At: []any{"l", 1}, Text: "--a=x --b=y", Start: 10, End: 11}, "second"},
	})
	want := map[string]any{
		"a": map[string]any{"b": "1", "new": map[string]any{"d": "2"}},
		"l": []any{map[string]any{"image": "3", "name": "n"}, "--a=first --b=second"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if list, _ := all["l"].([]any); list[1] != "--a=x --b=y" {
		t.Errorf("the values were changed: %v", all)
	}
}
