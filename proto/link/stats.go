package link

import "time"

// Stats are a link's figures since it began, depths and path as of now.
type Stats struct {
	ControlQueued int // frames waiting
	ControlOctets int // octets waiting
	VoiceQueued   int // voice frames waiting

	FramesSent, FramesReceived uint64
	VoiceSent, VoiceReceived   uint64 // datagrams handed to and taken from the transport
	Dropped                    VoiceDrops

	BytesSent, BytesReceived uint64 // on the wire, without UDP and IP headers
	PacketsSent, PacketsLost uint64
	RTT                      time.Duration // smoothed
}

// VoiceDrops counts voice frames that were not sent or delivered, by cause.
type VoiceDrops struct {
	Full   uint64 // the queue was full: the oldest went
	Stale  uint64 // waited longer than proto.VoiceQueue
	Size   uint64 // empty, or over proto.MaxDatagram with its header
	Closed uint64 // the link had ended
	Unread uint64 // received, but the reader did not keep up: the oldest went
}

// Stats returns a snapshot of the link's figures.
func (c *Conn) Stats() Stats {
	path := c.quic.ConnectionStats()
	s := Stats{
		FramesSent:     c.framesSent.Load(),
		FramesReceived: c.framesReceived.Load(),
		VoiceReceived:  c.voiceReceived.Load(),
		BytesSent:      path.BytesSent,
		BytesReceived:  path.BytesReceived,
		PacketsSent:    path.PacketsSent,
		PacketsLost:    path.PacketsLost,
		RTT:            path.SmoothedRTT,
	}
	s.ControlQueued, s.ControlOctets = c.control.depth()
	c.voice.mu.Lock()
	s.VoiceQueued, s.VoiceSent, s.Dropped = c.voice.n, c.voice.sent, c.voice.drops
	c.voice.mu.Unlock()
	if c.inbox != nil {
		c.inbox.mu.Lock()
		s.Dropped.Unread = c.inbox.unread
		c.inbox.mu.Unlock()
	}
	return s
}
