package link

import (
	"crypto/tls"
	"errors"
	"net"
	"time"

	"crossband/proto"
)

// Config says who speaks on a socket and how its links behave. Every field but
// Certificate and Verify may be left zero.
type Config struct {
	// Self is our own certified name; zero for a newcomer that only enrols.
	// A relay judges servers after the handshake, anybody else within it.
	Self proto.Name

	// Certificate is asked at each handshake, so that a renewed certificate
	// needs no restart. Newcomers leave it nil.
	Certificate func() (*tls.Certificate, error)

	// Verify judges a peer's chain, leaf first, in DER, and returns the name it
	// certifies. An error should wrap a *proto.Refusal: its reason and detail
	// are what both sides see. It is called concurrently.
	Verify func(chain [][]byte, peerIsServer bool) (proto.Name, error)

	// Software is free text for the other side's administrator.
	Software string

	// Capabilities are the optional features offered, at most
	// proto.MaxCapabilities; a link has those that both sides offer. Nil means
	// what this build has; an empty list, none.
	Capabilities []string

	// VersionMin and VersionMax bound the protocol versions spoken; zero means
	// proto.VersionMin and proto.VersionMax.
	VersionMin, VersionMax uint32

	// Now is the clock that greetings tell and compare; nil means time.Now.
	// Timers always run on the machine's own.
	Now func() time.Time

	// Probe makes every link that is dialled end after the greeting: the
	// listener answers and hands it to nobody, so that looking for a fault
	// takes no working link's place.
	Probe bool

	// StatelessResetKey lets peers notice within a round trip that this node
	// was restarted, if it is kept over restarts. Zero turns that off.
	StatelessResetKey [32]byte

	// Refused, if not nil, is told of every party that did not get a link from
	// our listener, for the audit. It is called concurrently and must be quick.
	Refused func(Attempt)

	// Limits bound what links may hold; zero fields mean the defaults.
	Limits Limits
}

// Attempt is a party that did not get a link.
type Attempt struct {
	Addr net.Addr
	Name proto.Name // zero when it was not established
	Err  error      // a *proto.Refusal of ours, a *RefusedByPeer or a *Lost
}

// Limits bound queues, numbers and times.
type Limits struct {
	ControlFrames int           // frames waiting to be sent on a link; beyond it the link closes as slow; 256
	ControlOctets int           // octets waiting likewise; 4 MiB
	VoiceFrames   int           // voice frames waiting to be sent on a link; beyond it the oldest is dropped; 64
	VoiceInbox    int           // received voice frames that an endpoint holds for its reader; beyond it the oldest is dropped; 64
	Handshakes    int           // unfinished handshakes; beyond it newcomers are turned away, one address may hold half; 1,024
	RetryAbove    int           // unfinished handshakes above which an address must first prove itself (RFC 9000 8.1.2); 128
	AddressRate   int           // handshakes a second that one address may begin, ten times as many at once; 100
	Greetings     int           // links being greeted or waiting for Accept; beyond it refused as full; 1,024
	GreetingsEach int           // of them of one certified name; beyond it refused for its quota; 8
	Enrolments    int           // enrolment links at one time; beyond it refused as full; 64
	GreetTime     time.Duration // from handshake to greeting; 5 s
	FrameTime     time.Duration // from a frame's first octet to its last, plus a second per 32 KiB; 10 s
	StallTime     time.Duration // a peer that accepts no octet for so long is slow; 5 s
	DrainTime     time.Duration // queued frames of a link that closes in peace; 250 ms
	EnrolTime     time.Duration // whole life of an enrolment link; 30 s
}

var errConfig = errors.New("link configuration")
