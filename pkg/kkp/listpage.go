package kkp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apijson "k8s.io/apimachinery/pkg/util/json"
)

// pageReader reads the body of an answer within the bounds of a list and of an object.
type pageReader struct {
	body     io.Reader
	left     int64 // bytes until the bound of the list
	object   int64 // bytes until the bound of the object
	exceeded bool
	failure  error     // of the connection
	ahead    io.Reader // has read from this reader already; nil: nothing has
}

// Read implements io.Reader.
func (r *pageReader) Read(p []byte) (int, error) {
	if r.left <= 0 || r.object <= 0 {
		r.exceeded = true
		return 0, io.ErrUnexpectedEOF
	}
	n, err := r.body.Read(p[:min(int64(len(p)), r.left, r.object)])
	r.left, r.object = r.left-int64(n), r.object-int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		r.failure = err
	}
	return n, err
}

// decodePage calls do for each object of a page, and returns the token of the next page, "" after
// the last. The objects pass one by one: a page is never in memory as a whole.
func decodePage[T any](r *pageReader, do func(T, error) error) (next string, err error) {
	r.object = maxObjectBytes
	var in io.Reader = r
	if r.ahead != nil {
		in = r.ahead
	}
	decoder := json.NewDecoder(in)
	if err := delimiter(decoder, '{'); err != nil {
		return "", err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return "", err
		}
		switch key {
		case "metadata":
			var metadata struct {
				Continue string `json:"continue"`
			}
			err = decoder.Decode(&metadata)
			next = metadata.Continue
		case "items":
			err = decodeItems(r, decoder, do)
		default:
			err = decoder.Decode(new(struct{}))
			var wrong *json.UnmarshalTypeError // kind and apiVersion are texts
			if errors.As(err, &wrong) {
				err = nil
			}
		}
		if err != nil {
			return "", err
		}
	}
	return next, delimiter(decoder, '}')
}

func decodeItems[T any](r *pageReader, decoder *json.Decoder, do func(T, error) error) error {
	start, err := decoder.Token()
	if err != nil || start == nil { // null
		return err
	}
	if start != json.Delim('[') {
		return fmt.Errorf("its items begin with %v", start)
	}
	for decoder.More() {
		r.object = maxObjectBytes
		var item T
		err := decoder.Decode(&item)
		var wrong *json.UnmarshalTypeError
		if err != nil && !errors.As(err, &wrong) {
			return err
		}
		if err := do(item, typeError(wrong)); err != nil {
			return err
		}
	}
	r.object = maxObjectBytes
	return delimiter(decoder, ']')
}

func delimiter(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	if err == nil && token != want {
		err = fmt.Errorf("the answer has %v in place of %v", token, want)
	}
	return err
}

// typeError describes a field that has another type than expected, nil for nil.
func typeError(wrong *json.UnmarshalTypeError) error {
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("%s is of type %s, expected %s", wrong.Field, wrong.Value, wrong.Type)
}

// wholeObject is an object with all its fields, as the dynamic client decodes it.
type wholeObject struct {
	unstructured.Unstructured
}

// UnmarshalJSON implements json.Unmarshaler. Objects of built-in resources have no kind in a list.
func (o *wholeObject) UnmarshalJSON(data []byte) error { return apijson.Unmarshal(data, &o.Object) }
