package link

import "time"

// Stats are a link's figures since it began, depths and path as of now.
type Stats struct {
	ControlQueued int // frames waiting
	ControlOctets int // octets waiting
	VoiceQueued   int // voice frames waiting

	FramesSent, FramesReceived uint64
	VoiceSent, VoiceReceived   uint64 // frames handed to and taken from the transport, by datagrams and the lane
	Dropped                    VoiceDrops

	BytesSent, BytesReceived uint64 // on the wire, without UDP and IP headers
	PacketsSent, PacketsLost uint64
	RTT                      time.Duration // smoothed
	Lane                     LaneStats
}

// VoiceDrops counts voice frames that were not sent or delivered, by cause.
type VoiceDrops struct {
	Full   uint64 // the queue was full: the oldest went
	Stale  uint64 // waited longer than proto.VoiceQueue
	Size   uint64 // empty, over proto.MaxDatagram with its header, or under an alias that is none
	Closed uint64 // the link had ended
	Unread uint64 // received, but the reader did not keep up: the oldest went
}

// Stats returns a snapshot of the link's figures. It takes no lock that voice
// waits for.
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
	s.VoiceQueued, s.VoiceSent, s.Dropped = int(c.voice.depth.Load()), c.voice.sent.Load(), c.voice.missed.drops()
	s.Lane = c.laneStats()
	s.VoiceSent += s.Lane.Sent - s.Lane.Probes
	if c.inbox != nil {
		s.Dropped.Unread = c.inbox.unread.Load()
	}
	return s
}
