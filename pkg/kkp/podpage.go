package kkp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// podMedia asks for pods in Protocol Buffers. Pods are most of what is read, and fields that are not
// needed cost nothing there.
const podMedia = "application/vnd.kubernetes.protobuf, application/json"

// magic is how Kubernetes begins an object in Protocol Buffers (apimachinery
// pkg/runtime/serializer/protobuf).
const magic = "k8s\x00"

// Fields of the messages that are read (k8s.io/api/core/v1, apimachinery pkg/apis/meta/v1 and
// pkg/runtime, generated.proto).
const (
	unknownRaw = 2

	listMetadata = 1
	listItems    = 2
	listContinue = 3 // of the metadata

	podMetadata       = 1
	podSpec           = 2
	podStatus         = 3
	metadataName      = 1
	metadataNamespace = 3
	metadataLabels    = 11
	metadataOwners    = 13
	mapKey            = 1
	mapValue          = 2
	ownerName         = 3

	specVolumes        = 1
	specContainers     = 2
	specInitContainers = 20
	specEphemeral      = 34
	containerName      = 1
	containerImage     = 2
	ephemeralContainer = 1
	volumeSource       = 2
	volumeImage        = 30
	volumeReference    = 1

	statusContainers     = 8
	statusInitContainers = 10
	statusEphemeral      = 13
	statusName           = 1
	statusState          = 2
	stateWaiting         = 1
	waitingReason        = 1
	waitingMessage       = 2
)

// decodePods is decodePage for pods, in Protocol Buffers or JSON.
func decodePods(r *pageReader, do func(podView, error) error) (next string, err error) {
	r.object = maxObjectBytes
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(len(magic)); string(start) != magic {
		r.ahead = buffered
		return decodePage(r, do)
	}
	_, _ = buffered.Discard(len(magic))
	stream := &podStream{reader: r, in: buffered, do: do}
	whole := false
	err = stream.fields(-1, func(field protowire.Number, size int) (err error) {
		if field == unknownRaw {
			err = stream.fields(int64(size), stream.listField)
			whole = err == nil
			return err
		}
		_, err = stream.value(size)
		return err
	})
	if err == nil && !whole {
		err = io.ErrUnexpectedEOF
	}
	return stream.next, err
}

// podStream reads a list of pods, of which one is in memory at a time.
type podStream struct {
	reader *pageReader
	in     *bufio.Reader
	do     func(podView, error) error
	next   string
	buffer []byte
}

// fields calls do for each field with a length in the next bytes, which must read that many; -1:
// until the end. Other fields are skipped.
func (s *podStream) fields(left int64, do func(field protowire.Number, size int) error) error {
	for left != 0 {
		s.reader.object = maxObjectBytes
		tag, n, err := s.varint()
		if left < 0 && errors.Is(err, io.EOF) && n == 0 {
			return nil
		}
		if err != nil {
			return unexpected(err)
		}
		field, kind := protowire.DecodeTag(tag)
		if kind != protowire.BytesType {
			return fmt.Errorf("field %d has the type %d", field, kind)
		}
		size, m, err := s.varint()
		if err != nil {
			return unexpected(err)
		}
		if size > uint64(s.reader.left)+uint64(s.in.Buffered()) {
			s.reader.exceeded = true
			return io.ErrUnexpectedEOF
		}
		if left > 0 {
			if left -= int64(n+m) + int64(size); left < 0 {
				return fmt.Errorf("field %d is longer than its message", field)
			}
		}
		if err := do(field, int(size)); err != nil {
			return err
		}
	}
	return nil
}

// varint reads a number, and returns how many bytes it has.
func (s *podStream) varint() (value uint64, n int, err error) {
	for ; n < binary.MaxVarintLen64; n++ {
		b, err := s.in.ReadByte()
		if err != nil {
			return 0, n, err
		}
		value |= uint64(b&0x7f) << (7 * n)
		if b < 0x80 {
			return value, n + 1, nil
		}
	}
	return 0, n, errors.New("a number is too long")
}

// value reads the value of a field. The bytes are valid until the next call.
func (s *podStream) value(size int) ([]byte, error) {
	if size > maxObjectBytes {
		s.reader.exceeded = true
		return nil, io.ErrUnexpectedEOF
	}
	if cap(s.buffer) < size {
		s.buffer = make([]byte, size)
	}
	value := s.buffer[:size]
	_, err := io.ReadFull(s.in, value)
	return value, unexpected(err)
}

// unexpected returns the error for an end within a value.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// listField reads a field of the list.
func (s *podStream) listField(field protowire.Number, size int) error {
	value, err := s.value(size)
	if err != nil {
		return err
	}
	switch field {
	case listMetadata:
		return message(value, func(field protowire.Number, value []byte) error {
			if field == listContinue {
				s.next = string(value)
			}
			return nil
		})
	case listItems:
		var view podView
		if err := view.decode(value); err != nil {
			return err
		}
		return s.do(view, nil)
	}
	return nil
}

// message calls do for each field with a length in a message, and skips the other fields.
func message(data []byte, do func(field protowire.Number, value []byte) error) error {
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(field, kind, data); n < 0 {
				return protowire.ParseError(n)
			}
			data = data[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := do(field, value); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// find returns the last value of a field that is in messages in each other, nil without one.
func find(data []byte, path ...protowire.Number) (found []byte, err error) {
	err = message(data, func(field protowire.Number, value []byte) (err error) {
		switch {
		case field != path[0]:
		case len(path) == 1:
			found = value
		default:
			found, err = find(value, path[1:]...)
		}
		return err
	})
	return found, err
}

// decode fills a view from a pod in Protocol Buffers.
func (v *podView) decode(data []byte) error {
	return message(data, func(field protowire.Number, value []byte) error {
		switch field {
		case podMetadata:
			return message(value, v.Metadata.field)
		case podSpec:
			return message(value, v.specField)
		case podStatus:
			return message(value, v.statusField)
		}
		return nil
	})
}

func (m *metadata) field(field protowire.Number, value []byte) error {
	switch field {
	case metadataName:
		m.Name = string(value)
	case metadataNamespace:
		m.Namespace = string(value)
	case metadataLabels:
		key, err1 := find(value, mapKey)
		text, err2 := find(value, mapValue)
		if m.Labels == nil {
			m.Labels = map[string]string{}
		}
		m.Labels[string(key)] = string(text)
		return errors.Join(err1, err2)
	case metadataOwners:
		name, err := find(value, ownerName)
		m.OwnerReferences = append(m.OwnerReferences, ownerView{string(name)})
		return err
	}
	return nil
}

func (v *podView) specField(field protowire.Number, value []byte) error {
	switch field {
	case specInitContainers:
		return addContainer(&v.Spec.InitContainers, value)
	case specContainers:
		return addContainer(&v.Spec.Containers, value)
	case specEphemeral:
		return addContainer(&v.Spec.EphemeralContainers, value, ephemeralContainer)
	case specVolumes:
		reference, err := find(value, volumeSource, volumeImage, volumeReference)
		var volume volumeView
		volume.Image.Reference = string(reference)
		v.Spec.Volumes = append(v.Spec.Volumes, volume)
		return err
	}
	return nil
}

// addContainer adds a container, which is at a path in a value.
func addContainer(list *[]containerView, value []byte, path ...protowire.Number) error {
	name, err1 := find(value, append(path, containerName)...)
	image, err2 := find(value, append(path, containerImage)...)
	*list = append(*list, containerView{string(name), string(image)})
	return errors.Join(err1, err2)
}

func (v *podView) statusField(field protowire.Number, value []byte) error {
	var list *[]statusView
	switch field {
	case statusInitContainers:
		list = &v.Status.InitContainers
	case statusContainers:
		list = &v.Status.Containers
	case statusEphemeral:
		list = &v.Status.EphemeralContainers
	default:
		return nil
	}
	var status statusView
	name, err1 := find(value, statusName)
	reason, err2 := find(value, statusState, stateWaiting, waitingReason)
	text, err3 := find(value, statusState, stateWaiting, waitingMessage)
	status.Name, status.State.Waiting.Reason, status.State.Waiting.Message = string(name), string(reason), string(text)
	*list = append(*list, status)
	return errors.Join(err1, err2, err3)
}
