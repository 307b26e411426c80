package recommend

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkWays solves the same city in both ways and says how many times more processor time the
// inverse takes, in one run: it means the same on a machine that has other work. A round of 10000
// people takes minutes: -bench Ways/4000 -benchtime 1x.
func BenchmarkWays(b *testing.B) {
	for _, people := range []int{2000, 4000, 10_000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			films, o := people*12_833/10_000, DefaultOptions()
			rows := cityRows(people, films)
			var gradients, inverse float64
			for b.Loop() {
				began := processSeconds(b)
				c, ok := affordable(b.Context(), rows, films, o)
				require.True(b, ok)
				_, ok = easeColumns(b.Context(), c, films, o, nil, progressOf(b.Context()))
				require.True(b, ok)
				between := processSeconds(b)
				p, err := invert(b.Context(), rows, films, o.Lambda, func() {})
				require.NoError(b, err)
				easeColumns(b.Context(), p, films, o, nil, progressOf(b.Context()))
				gradients, inverse = gradients+between-began, inverse+processSeconds(b)-between
			}
			b.ReportMetric(gradients/float64(b.N), "s-gradients")
			b.ReportMetric(inverse/float64(b.N), "s-inverse")
			b.ReportMetric(inverse/gradients, "×")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// processSeconds is the time that this process has had of all processors.
func processSeconds(b *testing.B) float64 {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}
