package addon

import (
	"fmt"
	"reflect"
)

// guarded returns a function that fails if its arguments or its result are too large. It panics
// with the error; text/template turns the panic into an error of the template.
func (e *engine) guarded(name string, function any) any {
	inner := reflect.ValueOf(function)
	call := inner.Call
	if inner.Type().IsVariadic() {
		call = inner.CallSlice
	}
	return reflect.MakeFunc(inner.Type(), func(args []reflect.Value) []reflect.Value {
		if err := e.checkArguments(name, args); err != nil {
			panic(err)
		}
		results := call(args)
		for _, result := range results {
			if _, err := weigh(result); err != nil {
				panic(err)
			}
		}
		return results
	}).Interface()
}

func (e *engine) checkArguments(name string, args []reflect.Value) error {
	if err := e.run.onTime(); err != nil {
		return err
	}
	total, first, second := 0, 1, 1
	for _, arg := range args {
		size, err := weigh(arg)
		if err != nil {
			return err
		}
		total += size
		if repeats(name) && isNumber(arg) {
			if size, err = number(arg); err != nil {
				return err
			}
		}
		if size > first {
			first, second = size, first
		} else if size > second {
			second = size
		}
		if comparesAll(name) && size > maxPairs*maxElement {
			return fmt.Errorf("a list of more than %d elements", maxPairs)
		}
	}
	if total > 2*maxValue || first > maxProduct/second {
		return fmt.Errorf("the arguments of %s are too large", name)
	}
	return nil
}

// repeats reports whether an argument of a function is a number of repetitions.
func repeats(name string) bool {
	switch name {
	case "repeat", "indent", "nindent", "until", "untilStep", "seq":
		return true
	}
	return false
}

func comparesAll(name string) bool {
	switch name {
	case "uniq", "mustUniq", "without", "mustWithout":
		return true
	}
	return false
}

func isNumber(v reflect.Value) bool {
	return v.CanInt() || v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Int
}

// number returns the largest number.
func number(v reflect.Value) (int, error) {
	if v.Kind() == reflect.Slice {
		largest := 0
		for i := range v.Len() {
			n, err := number(v.Index(i))
			if err != nil {
				return 0, err
			}
			largest = max(largest, n)
		}
		return largest, nil
	}
	n := v.Int()
	if n > maxNumber || n < -maxNumber {
		return 0, fmt.Errorf("%d is too large a number here: at most %d", n, maxNumber)
	}
	return int(max(n, -n)), nil
}

// weigh returns the size of a value with all its elements. It stops at the limit, and so also ends
// for a value that contains itself.
func weigh(v reflect.Value) (int, error) {
	budget := maxValue
	if err := weighInto(v, 0, &budget); err != nil {
		return 0, err
	}
	return maxValue - budget, nil
}

func weighInto(v reflect.Value, depth int, budget *int) error {
	if !v.IsValid() {
		return nil
	}
	switch {
	case *budget < 0:
		return fmt.Errorf("a value of more than %d KiB", maxValue>>10)
	case depth > maxNested:
		return fmt.Errorf("a value nested deeper than %d levels", maxNested)
	}
	switch v.Kind() {
	case reflect.String:
		*budget -= v.Len()
	case reflect.Slice, reflect.Array:
		return weighList(v, depth, budget)
	case reflect.Map:
		return weighMap(v, depth, budget)
	case reflect.Interface, reflect.Pointer:
		return weighInto(v.Elem(), depth+1, budget)
	default: // structs of KKP's data and of the standard library are small
		*budget--
	}
	if *budget < 0 {
		return fmt.Errorf("a value of more than %d KiB", maxValue>>10)
	}
	return nil
}

func weighList(v reflect.Value, depth int, budget *int) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		*budget -= v.Len()
		return nil
	}
	for i := range v.Len() {
		*budget -= maxElement
		if err := weighInto(v.Index(i), depth+1, budget); err != nil {
			return err
		}
	}
	return nil
}

func weighMap(v reflect.Value, depth int, budget *int) error {
	for entries := v.MapRange(); entries.Next(); {
		*budget -= maxElement
		if err := weighInto(entries.Key(), depth+1, budget); err != nil {
			return err
		}
		if err := weighInto(entries.Value(), depth+1, budget); err != nil {
			return err
		}
	}
	return nil
}
