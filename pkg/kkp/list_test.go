package kkp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// answers is an API that gives these answers in turn, the last of them again and again.
type answers struct {
	texts []func() io.Reader
	asked []url.Values
}

// RoundTrip implements http.RoundTripper.
func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	text := a.texts[min(len(a.asked), len(a.texts)-1)]()
	a.asked = append(a.asked, r.URL.Query())
	code := http.StatusOK
	if reader, ok := text.(*strings.Reader); ok && reader.Size() > 20 && strings.HasPrefix(string(peek(reader)), `{"kind":"Status"`) {
		code = http.StatusGone
	}
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(text), Request: r}, nil
}

func peek(r *strings.Reader) []byte {
	start := make([]byte, 16)
	_, _ = r.ReadAt(start, 0)
	return start
}

func text(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }

// endless is a list whose only object never ends.
func endless() io.Reader {
	return io.MultiReader(strings.NewReader(`{"items":[{"metadata":{"name":"`), forever{})
}

type forever struct{}

func (forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// listed returns the names of the objects in a list.
func listed(t *testing.T, q query, texts ...func() io.Reader) (names []string, asked []url.Values, err error) {
	t.Helper()
	api := &answers{texts: texts}
	client, err := discovery.NewDiscoveryClientForConfig(&rest.Config{Host: "https://api.example.com", QPS: -1, Transport: api})
	if err != nil {
		t.Fatal(err)
	}
	q.resource = CoreResource("pods")
	err = each(t.Context(), Client{REST: client.RESTClient()}, q, func(view podView, err error) error {
		if err != nil {
			return view.failed("Pod", err)
		}
		names = append(names, view.Metadata.Name)
		return nil
	})
	return names, api.asked, err
}

const expired = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,"message":"too old","metadata":{"continue":"newer"}}`

func TestListPages(t *testing.T) {
	for name, test := range map[string]struct {
		texts []string
		want  string
		err   string
	}{
		"one page":              {[]string{`{"kind":"PodList","metadata":{},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}`}, "[a b]", ""},
		"metadata at the end":   {[]string{`{"items":[{"metadata":{"name":"a"}}],"metadata":{"continue":"x"}}`, `{"items":[{"metadata":{"name":"b"}}],"metadata":{}}`}, "[a b]", ""},
		"no items":              {[]string{`{"items":null,"metadata":{}}`}, "[]", ""},
		"nothing":               {[]string{`{}`}, "[]", ""},
		"an expired token":      {[]string{`{"items":[{"metadata":{"name":"a"}}],"metadata":{"continue":"x"}}`, expired, `{"items":[{"metadata":{"name":"b"}}]}`}, "[a b]", ""},
		"tokens expire forever": {[]string{expired}, "[]", "too old"},
		"a wrong field":         {[]string{`{"items":[{"metadata":{"name":"a","namespace":"n"},"spec":{"containers":[{"image":1}]}}]}`}, "[]", "Pod n/a: spec.containers.image is of type number, expected string"},
		"no list":               {[]string{`["a"]`}, "[]", "the list of pods: the answer has [ in place of {"},
		"items are no list":     {[]string{`{"items":"a"}`}, "[]", "the list of pods: its items begin with a"},
		"cut off":               {[]string{`{"items":[{"metadata":{"name":"a"}},{"meta`}, "[a]", "the list of pods: unexpected EOF"},
		"no JSON":               {[]string{`<html>`}, "[]", "the list of pods: invalid character"},
	} {
		var texts []func() io.Reader
		for _, s := range test.texts {
			texts = append(texts, text(s))
		}
		names, asked, err := listed(t, query{}, texts...)
		if fmt.Sprint(names) != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %v, %v", name, names, err)
		}
		if asked[0].Get("limit") != "500" || test.err == "" && len(asked) != len(test.texts) {
			t.Errorf("%s: %v", name, asked)
		}
	}
}

// TestListIsBounded has API servers that never stop, each in another way.
func TestListIsBounded(t *testing.T) {
	object := `{"metadata":{"name":"` + strings.Repeat("a", 1<<20) + `"}}`
	for name, answer := range map[string]func() io.Reader{
		"one object":   endless,
		"many objects": text(`{"items":[` + strings.Repeat(object+",", 11) + object + `]}`),
		"many pages":   text(`{"items":[` + object + `],"metadata":{"continue":"x"}}`),
		"empty pages":  text(`{"metadata":{"continue":"x"}}`),
	} {
		_, asked, err := listed(t, query{maxBytes: 10 << 20}, answer)
		var tooLarge *tooLargeError
		if !errors.As(err, &tooLarge) || err.Error() != "the list of pods has more than 10 MiB; the rest was not read" || len(asked) > 1000 {
			t.Errorf("%s: %v, %d requests", name, err, len(asked))
		}
	}
}

// TestBrokenConnection wants the error of a connection that breaks within an answer to be one of the
// cluster.
func TestBrokenConnection(t *testing.T) {
	_, _, err := listed(t, query{}, func() io.Reader { return io.MultiReader(strings.NewReader(`{"items":[`), broken{}) })
	var unreachable *UnreachableError
	if !errors.As(unread("seed a", err), &unreachable) || !strings.HasPrefix(unreachable.Cause(), "seed a cannot be read: ") {
		t.Errorf("%v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// TestTooLargeAcross reads namespace by namespace where a list across namespaces is too large.
func TestTooLargeAcross(t *testing.T) {
	got := readNamespaces(t.Context(), []string{"a", "full", "b"}, func(_ context.Context, namespace string) ([]string, error) {
		if namespace == "" || namespace == "full" {
			return []string{"some"}, &tooLargeError{resource: "pods", bytes: maxPodsBytes}
		}
		return []string{namespace}, nil
	})
	if fmt.Sprint(got.found) != "[a some b]" || len(got.failed) != 1 || got.failed[0].namespace != "full" || got.across {
		t.Errorf("%+v", got)
	}
}

func FuzzDecodePage(f *testing.F) {
	for _, seed := range []string{`{"items":[{"metadata":{"name":"a"}}],"metadata":{"continue":"x"}}`, `{"items":null}`, `{"items":[1]}`, `[]`, expired} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = decodePage(&pageReader{body: strings.NewReader(string(data)), left: 1 << 20}, func(podView, error) error { return nil })
		_, _ = decodePage(&pageReader{body: strings.NewReader(string(data)), left: 1 << 20}, func(wholeObject, error) error { return nil })
	})
}
