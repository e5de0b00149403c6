package memory

import (
	"iter"
	"slices"
	"sort"
)

// chunkSize bounds how many elements an insertion or removal moves.
const chunkSize = 512

// ordered is a sorted set of pointers in chunks of bounded length. An element
// takes little more than its pointer, and two binary searches find it. Elements
// that arrive in ascending order, as UUIDs of version 7 do, are appended.
type ordered[T any] struct {
	compare func(a, b T) int
	chunks  [][]T // none is empty
}

// seek returns the place of the first element that is not less than x.
func (o *ordered[T]) seek(x T) (chunk, index int) {
	last := len(o.chunks) - 1
	if last < 0 {
		return 0, 0
	}
	if end := o.chunks[last]; o.compare(end[len(end)-1], x) < 0 {
		return last, len(end)
	}
	chunk = sort.Search(last, func(i int) bool {
		c := o.chunks[i]
		return o.compare(c[len(c)-1], x) >= 0
	})
	index, _ = slices.BinarySearchFunc(o.chunks[chunk], x, o.compare)
	return chunk, index
}

// get returns the element equal to x.
func (o *ordered[T]) get(x T) (found T, ok bool) {
	chunk, index := o.seek(x)
	if chunk < len(o.chunks) && index < len(o.chunks[chunk]) && o.compare(o.chunks[chunk][index], x) == 0 {
		return o.chunks[chunk][index], true
	}
	return found, false
}

// insert adds x, which must not be in the set.
func (o *ordered[T]) insert(x T) {
	chunk, index := o.seek(x)
	switch {
	case len(o.chunks) == 0:
		o.chunks = append(o.chunks, []T{x})
		return
	case len(o.chunks[chunk]) < chunkSize:
	case index == chunkSize: // ascending elements fill their chunks
		o.chunks = append(o.chunks, []T{x})
		return
	default:
		const half = chunkSize / 2
		full := o.chunks[chunk]
		o.chunks = slices.Insert(o.chunks, chunk+1, slices.Clone(full[half:]))
		o.chunks[chunk] = slices.Delete(full, half, chunkSize)
		if index > half {
			chunk, index = chunk+1, index-half
		}
	}
	o.chunks[chunk] = slices.Insert(o.chunks[chunk], index, x)
}

// remove removes the element equal to x, if there is one.
func (o *ordered[T]) remove(x T) {
	chunk, index := o.seek(x)
	if chunk >= len(o.chunks) || index >= len(o.chunks[chunk]) || o.compare(o.chunks[chunk][index], x) != 0 {
		return
	}
	o.chunks[chunk] = slices.Delete(o.chunks[chunk], index, index+1)
	if len(o.chunks[chunk]) == 0 {
		o.chunks = slices.Delete(o.chunks, chunk, chunk+1)
		return
	}
	o.join(chunk)
	o.join(chunk - 1)
}

// join appends chunk i+1 to chunk i if both together are short, so that
// removals give their memory back.
func (o *ordered[T]) join(i int) {
	if i < 0 || i+1 >= len(o.chunks) || len(o.chunks[i])+len(o.chunks[i+1]) > chunkSize/2 {
		return
	}
	o.chunks[i] = append(o.chunks[i], o.chunks[i+1]...)
	o.chunks = slices.Delete(o.chunks, i+1, i+2)
}

// lastBelow returns the greatest element less than x.
func (o *ordered[T]) lastBelow(x T) (found T, ok bool) {
	for found = range o.below(x) {
		return found, true
	}
	return found, false
}

// below yields the elements less than x, the greatest first. The set must not
// change meanwhile.
func (o *ordered[T]) below(x T) iter.Seq[T] {
	return func(yield func(T) bool) {
		chunk, index := o.seek(x)
		for chunk >= 0 && len(o.chunks) > 0 {
			for index--; index >= 0; index-- {
				if !yield(o.chunks[chunk][index]) {
					return
				}
			}
			if chunk--; chunk >= 0 {
				index = len(o.chunks[chunk])
			}
		}
	}
}
