package memory

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The set agrees with a sorted slice, whatever the order in which elements come
// and go, and never keeps a chunk that is empty or too long.
func TestOrdered(t *testing.T) {
	orders := map[string]func(r *rand.Rand, i int) int{
		"ascending":  func(_ *rand.Rand, i int) int { return i },
		"descending": func(_ *rand.Rand, i int) int { return -i },
		"shuffled":   func(r *rand.Rand, _ int) int { return r.IntN(1 << 30) },
	}
	for name, next := range orders {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			set := ordered[*int]{compare: func(a, b *int) int { return cmp.Compare(*a, *b) }}
			var model []int
			check := func() {
				t.Helper()
				var got []int
				top := 1 << 31
				for x := range set.below(&top) {
					got = append(got, *x)
				}
				slices.Reverse(got)
				require.Equal(t, model, got)
				for _, chunk := range set.chunks {
					require.NotEmpty(t, chunk)
					require.LessOrEqual(t, len(chunk), chunkSize)
				}
			}
			for i := range 5000 {
				x := next(r, i)
				at, found := slices.BinarySearch(model, x)
				if found {
					continue
				}
				model = slices.Insert(model, at, x)
				set.insert(&x)
			}
			check()
			for len(model) > 0 {
				at := r.IntN(len(model))
				if r.IntN(4) > 0 {
					at = min(at, 20) // mostly from one end, to empty whole chunks
				}
				x := model[at]
				_, ok := set.get(&x)
				require.True(t, ok)
				model = slices.Delete(model, at, at+1)
				set.remove(&x)
				set.remove(&x)
				_, ok = set.get(&x)
				require.False(t, ok)
				if len(model) == 0 {
					model = nil
				}
				if len(model)%500 == 0 {
					check()
				}
			}
			require.Empty(t, set.chunks)
		})
	}
}

// Iteration begins below any element, there or not.
func TestOrderedBelow(t *testing.T) {
	set := ordered[*int]{compare: func(a, b *int) int { return cmp.Compare(*a, *b) }}
	for i := range 3 * chunkSize {
		x := 2 * i
		set.insert(&x)
	}
	for from := -1; from <= 6*chunkSize; from++ {
		want := (from+1)/2 - 1 // the index of the greatest even number below
		for x := range set.below(&from) {
			require.Equal(t, 2*want, *x)
			want--
			if want < (from+1)/2-3 {
				break
			}
		}
		require.True(t, want == -1 || want == (from+1)/2-4 || from < 0, "from %d stopped at %d", from, want)
	}
}
