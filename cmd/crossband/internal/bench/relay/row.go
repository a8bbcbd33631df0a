// Package relay measures what it costs a relay to forward voice: the relay as it is
// delivered, in a process of its own, turn by turn with a plain fan-out on quic-go
// and with a floor of sealed UDP datagrams, under the same load from this process.
package relay

import (
	"encoding/json"

	"crossband/cmd/crossband/internal/bench"
)

// The ways by which a relay sends voice to an endpoint.
const (
	PathDatagram = "datagram" // QUIC datagrams
	PathLane     = "lane"     // the voice lane, where both sides offer it
)

// Row is the result of one size on one path. A forward is one frame sent to one
// listener; times are of the processor, in user and system mode together, as the
// operating system accounts them to the process that forwards.
type Row struct {
	Path      string `json:"path"`
	Listeners int    `json:"listeners"` // over all channels
	Talkers   int    `json:"talkers"`   // each on a channel of its own

	CPU      float64 `json:"cpu_us_per_forward"`       // of the relay
	PlainCPU float64 `json:"plain_cpu_us_per_forward"` // of the plain fan-out
	FloorCPU float64 `json:"floor_cpu_us_per_forward"` // of the floor
	Ratio    float64 `json:"ratio_to_plain"`           // CPU by PlainCPU

	Loss      float64 `json:"loss"`         // of what should have been heard by the relay's listeners, the part that was not
	PlainLoss float64 `json:"plain_loss"`   // likewise of the plain fan-out's
	P50       float64 `json:"p50_ms"`       // from sending a frame to hearing it, on loopback, by way of the relay
	P99       float64 `json:"p99_ms"`       // over all listeners
	PlainP99  float64 `json:"plain_p99_ms"` // by way of the plain fan-out

	RSS      float64 `json:"rss_kb_per_endpoint"` // what a connected, silent endpoint adds to the relay's resident memory, KiB
	PlainRSS float64 `json:"plain_rss_kb_per_endpoint"`
	Share    float64 `json:"relay_core_share"` // of one core that the relay used while it was measured

	Behind bool `json:"load_behind"` // the load could not send a frame in a hundred: the figures are rough

	Error string `json:"error,omitempty"` // why there are no figures
}

// MarshalJSON leaves out all figures of a row that has none: zeros would be better than
// any that can be measured.
func (r Row) MarshalJSON() ([]byte, error) {
	if r.Error != "" {
		return json.Marshal(struct {
			Path      string `json:"path"`
			Listeners int    `json:"listeners"`
			Talkers   int    `json:"talkers"`
			Error     string `json:"error"`
		}{r.Path, r.Listeners, r.Talkers, r.Error})
	}
	type figures Row // without this method
	return json.Marshal(figures(r))
}

// Cells implements bench.Row.
func (r Row) Cells() []bench.Cell {
	cells := []bench.Cell{
		{Heading: "path", Text: r.Path}, bench.Count("listeners", r.Listeners), bench.Count("talkers", r.Talkers),
		bench.Figure("µs/forward", r.CPU, 2), bench.Figure("plain", r.PlainCPU, 2), bench.Figure("floor", r.FloorCPU, 2), bench.Figure("ratio", r.Ratio, 2),
		bench.Figure("loss %", r.Loss*100, 3), bench.Figure("p50 ms", r.P50, 2), bench.Figure("p99 ms", r.P99, 2), bench.Figure("plain p99", r.PlainP99, 2),
		bench.Figure("kB/endpoint", r.RSS, 1), bench.Figure("plain", r.PlainRSS, 1), bench.Figure("core share", r.Share, 2),
	}
	if r.Error == "" {
		return cells
	}
	for i := 3; i < len(cells); i++ {
		cells[i].Text = "-"
	}
	cells[0].Text += " (" + r.Error + ")"
	return cells
}
