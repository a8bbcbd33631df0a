package federation

import (
	"crossband/cmd/crossband/internal/bench"
)

// Row is what was measured for one number of hops and of listeners.
type Row struct {
	Hops      int     `json:"hops"`
	Listeners int     `json:"listeners"`
	Bursts    int     `json:"bursts"`
	Frames    int     `json:"frames_per_burst"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Proxy     float64 `json:"proxies_p50_ms"` // of P50
	CPU       float64 `json:"relay_cpu_us_per_forward"`
	Octets    float64 `json:"border_octets_per_burst"`
	Packets   float64 `json:"border_packets_per_burst"`
	Loss      float64 `json:"loss"`
}

// Cells implements bench.Row.
func (r Row) Cells() []bench.Cell {
	return []bench.Cell{
		bench.Count("hops", r.Hops),
		bench.Count("listeners", r.Listeners),
		bench.Figure("p50 ms", r.P50, 2),
		bench.Figure("p99 ms", r.P99, 2),
		bench.Figure("proxies ms", r.Proxy, 2),
		bench.Figure("relay CPU us/forward", r.CPU, 1),
		bench.Figure("border octets/burst", r.Octets, 0),
		bench.Figure("border packets/burst", r.Packets, 1),
		bench.Figure("loss", r.Loss, 4),
	}
}

// row sums up a route. What relays and borders do in silence is taken off.
func (r *run) row(x *route) Row {
	out := Row{
		Hops: x.hops, Listeners: x.listeners, Bursts: x.bursts, Frames: x.said / x.bursts,
		P50: bench.MS(bench.Quantile(x.heard, 0.5)), P99: bench.MS(bench.Quantile(x.heard, 0.99)),
		Proxy: float64(x.hops) * bench.MS(r.proxy),
		Loss:  1 - float64(len(x.heard))/float64(x.said*x.listeners),
	}
	forwards := float64(x.said * (x.hops + x.listeners))
	idle := float64(r.idleCPU) * float64(x.talked) / float64(r.idle)
	out.CPU = max(float64(x.cpu)-idle, 0) / 1000 / forwards
	if x.hops == 0 {
		return out
	}
	octets, packets := float64(x.crossed.Octets), float64(x.crossed.Packets)
	for _, b := range x.borders {
		share := float64(x.pressed) / float64(r.idle)
		octets -= float64(r.idleCrossed[b].Octets) * share
		packets -= float64(r.idleCrossed[b].Packets) * share
	}
	each := float64(x.bursts * x.hops)
	out.Octets, out.Packets = max(octets, 0)/each, max(packets, 0)/each
	return out
}
