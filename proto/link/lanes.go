package link

import (
	"crypto/fips140"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/link/lane"
)

// Capabilities are what this build offers on links unless it is told otherwise.
func Capabilities() []string { return append(proto.Capabilities(), lane.Capability) }

// offered leaves out what cannot be kept: where FIPS 140-3 is enforced, AES-GCM
// takes no nonce from its caller, so there is no lane and QUIC carries all voice.
func offered(capabilities []string) []string {
	if !fips140.Enforced() {
		return capabilities
	}
	return slices.DeleteFunc(slices.Clone(capabilities), func(c string) bool { return c == lane.Capability })
}

// openLane gives a link its side of the voice lane, if both sides offer one: from
// a relay to an endpoint. Without it, which is no fault, QUIC carries the voice.
func (c *Conn) openLane() {
	if c.ends.enrol || c.ends.bulk || !c.Has(lane.Capability) {
		return
	}
	self, peer := c.ends.self.Role, c.ends.peer.Role
	switch {
	case self == proto.RoleRelay && peer.IsEndpoint():
		c.laneOut = &laneOut{conn: c}
	case self.IsEndpoint() && peer == proto.RoleRelay:
		c.laneIn, _ = newLaneIn(c)
	}
}

// closeLane forgets the lane's keys.
func (c *Conn) closeLane() {
	if c.laneOut != nil {
		c.laneOut.mu.Lock()
		defer c.laneOut.mu.Unlock()
		c.laneOut.end()
	}
	if c.laneIn != nil {
		c.laneIn.end()
	}
}

func (c *Conn) laneSecret() ([]byte, error) {
	tls := c.quic.ConnectionState().TLS
	return tls.ExportKeyingMaterial(lane.ExporterLabel, nil, lane.SecretSize)
}

// clock is the socket's time in nanoseconds, never 0.
func (s *socket) clock(now time.Time) int64 { return int64(s.voice.at(now)) + 1 }

// LaneStats are the figures of a link's voice lane, at a relay those of sending,
// at an endpoint those of receiving.
type LaneStats struct {
	Open      bool   // voice goes by the lane now
	Sent      uint64 // packets, probes too
	Probes    uint64 // of them
	Fallbacks uint64 // times that voice did not arrive and QUIC took over
	Broken    uint64 // times that the circuit breaker opened
	Untrue    uint64 // reports that cannot be true, or that newer ones have overtaken

	Received uint64
	Forged   uint64 // packets that bore our id and were not the relay's
	Replayed uint64 // packets that came before
}

func (c *Conn) laneStats() (s LaneStats) {
	if o := c.laneOut; o != nil {
		w := o.now.Load()
		s.Open = w != nil && w.open.Load()
		s.Probes = o.probes.Load() // first: what is sent meanwhile is voice at worst
		s.Sent = o.sent()
		s.Fallbacks, s.Broken, s.Untrue = o.fallbacks.Load(), o.broken.Load(), o.badReports.Load()
	}
	if in := c.laneIn; in != nil {
		s.Received, s.Forged, s.Replayed = in.received.Load(), in.forged.Load(), in.replayed.Load()
	}
	return s
}
