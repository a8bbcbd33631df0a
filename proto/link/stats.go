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
