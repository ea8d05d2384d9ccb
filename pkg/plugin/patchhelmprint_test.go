package plugin

import "testing"

func TestOneLine(t *testing.T) {
	if got := oneLine("a\nimage: evil\r\u0085\u2028b\x1b[2J c"); got != "a image: evil   b [2J c" {
		t.Errorf("got %q", got)
	}
}
