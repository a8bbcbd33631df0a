package link

// Strain is how much of the voice for a peer does not get there, per mille of
// what was to go: it was dropped before the link, or lost on it.
type Strain uint16

// strainLeast is how few frames tell nothing: a fifth of a second of voice.
const strainLeast = 10

// voiceFate counts what has become of voice for the peer since the link began.
type voiceFate struct {
	sent    uint64 // frames handed to the transport
	dropped uint64 // frames that were not: the queue was full, or they had waited too long
	// Of seen things that went out, gone are known not to have arrived. Only
	// their ratio counts.
	seen, gone uint64
}

// voiceFate says what the link knows. QUIC's packets stand for frames: on a link
// that carries voice most hold a frame, and what is lost is lost regardless of
// its content. By the lane it is what the endpoint has reported.
func (c *Conn) voiceFate() voiceFate {
	path := c.quic.ConnectionStats()
	d := c.voice.missed.drops()
	f := voiceFate{sent: c.voice.sent.Load(), dropped: d.Full + d.Stale, seen: path.PacketsSent, gone: path.PacketsLost}
	if c.laneOut != nil {
		f.sent += c.laneOut.sent() - c.laneOut.probes.Load()
		seen, gone := c.laneOut.reported()
		f.seen, f.gone = f.seen+seen, f.gone+gone
	}
	return f
}

// Strain returns how voice for the peer has fared in the time of the last two
// calls; 0 when there was next to none. One goroutine calls it, about once a
// second.
func (c *Conn) Strain() Strain { return c.strain.look(c.voiceFate()) }

// strainMeter tells the strain between looks.
type strainMeter struct {
	last   voiceFate
	before strainSpan // that of the look before
}

// strainSpan is what happened between two looks.
type strainSpan struct{ voice, missed float64 } // frames

// look takes in the counts as of now. A link's loss becomes known some tenths
// of a second late, and a second has 50 frames only: two spans are taken
// together.
func (m *strainMeter) look(now voiceFate) Strain {
	span := now.since(m.last)
	both := strainSpan{span.voice + m.before.voice, span.missed + m.before.missed}
	m.last, m.before = now, span
	if both.voice < strainLeast {
		return 0
	}
	return Strain(min(1000*both.missed/both.voice, 1000))
}

// since returns what happened since an earlier moment. Counts that fall back
// (of frames that the transport refused after all) count as no change.
func (f voiceFate) since(old voiceFate) strainSpan {
	sent, dropped := rise(old.sent, f.sent), rise(old.dropped, f.dropped)
	seen, gone := rise(old.seen, f.seen), rise(old.gone, f.gone)
	lost := 0.0
	if seen > 0 {
		lost = sent * min(gone/seen, 1)
	}
	return strainSpan{voice: sent + dropped, missed: dropped + lost}
}

func rise(from, to uint64) float64 { return float64(max(from, to) - from) }
