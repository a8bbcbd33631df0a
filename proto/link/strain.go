package link

// Strain is how much of the voice for a peer does not get there, per mille of
// what was to go: it was dropped before the link, or lost on it.
type Strain uint16

// strainLeast is how few frames tell nothing: a fifth of a second of voice.
const strainLeast = 10

// voiceFate counts what has become of voice for the peer since the link began.
type voiceFate struct {
	dropped uint64 // frames that did not go: the queue was full, or they had waited too long
	quic    carried
	lane    carried
}

// carried counts what one way has carried: frames sent, and of seen things that
// went, those gone are known not to have arrived. Only the ratio of these counts.
type carried struct{ sent, seen, gone uint64 }

// voiceFate says what the link knows. Of the lane the peer reports it. In QUIC
// packets stand for frames: on a link that carries voice most hold a frame, and
// what is lost is lost regardless of its content.
func (c *Conn) voiceFate() voiceFate {
	path, d := c.quic.ConnectionStats(), c.voice.missed.drops()
	f := voiceFate{dropped: d.Full + d.Stale, quic: carried{c.voice.sent.Load(), path.PacketsSent, path.PacketsLost}}
	if c.laneOut != nil {
		f.lane = c.laneOut.carried()
	}
	return f
}

// Strain returns how voice for the peer has fared in the time of the last two
// calls; 0 when there was next to none. One goroutine calls it, about once a
// second, whether there is voice or not.
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
	dropped := rise(old.dropped, f.dropped)
	quic, quicLost := f.quic.since(old.quic)
	lane, laneLost := f.lane.since(old.lane)
	return strainSpan{voice: quic + lane + dropped, missed: quicLost + laneLost + dropped}
}

func (c carried) since(old carried) (sent, lost float64) {
	sent = rise(old.sent, c.sent)
	seen, gone := rise(old.seen, c.seen), rise(old.gone, c.gone)
	if seen > 0 {
		lost = sent * min(gone/seen, 1)
	}
	return sent, lost
}

func rise(from, to uint64) float64 { return float64(max(from, to) - from) }
