package link

// SendDatagram sends what no honest party would.
func SendDatagram(c *Conn, b []byte) error { return c.quic.SendDatagram(b) }

// SkipToSequence makes a number the next of a link's open lane.
func SkipToSequence(c *Conn, next uint32) { c.laneOut.now.Load().next.Store(uint64(next)) }

// Reports is how many reports of the lane an endpoint has made.
func Reports(c *Conn) uint64 { return c.voice.reports.Load() }
