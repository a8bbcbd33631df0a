package record

import (
	"time"

	"crossband/proto"
)

// Joined is a member that came in.
type Joined struct {
	Channel  proto.ChannelID
	Member   proto.Name
	Observer bool // may hear and read, never send
	Epoch    uint64
}

// Kind returns KindJoined.
func (*Joined) Kind() Kind { return KindJoined }
func (b *Joined) fields(f *form) {
	f.channel("channel", &b.Channel, false)
	number(f, "epoch", &b.Epoch, 0, maxInteger, false)
	f.name("member", &b.Member)
	f.flag("observer", &b.Observer)
}

// Left is a member that went of its own will.
type Left struct {
	Channel proto.ChannelID
	Member  proto.Name
	Epoch   uint64
}

// Kind returns KindLeft.
func (*Left) Kind() Kind { return KindLeft }
func (b *Left) fields(f *form) {
	f.channel("channel", &b.Channel, false)
	number(f, "epoch", &b.Epoch, 0, maxInteger, false)
	f.name("member", &b.Member)
}

// Removed is a member that another, the entry's actor, took out.
type Removed struct {
	Channel proto.ChannelID
	Member  proto.Name
	Epoch   uint64
	Reason  proto.Reason // 0 for none
}

// Kind returns KindRemoved.
func (*Removed) Kind() Kind { return KindRemoved }
func (b *Removed) fields(f *form) {
	f.channel("channel", &b.Channel, false)
	number(f, "epoch", &b.Epoch, 0, maxInteger, false)
	f.name("member", &b.Member)
	number(f, "reason", &b.Reason, 1, maxReason, true)
}

// FloorGranted gives the entry's actor the right to talk.
type FloorGranted struct {
	Channel  proto.ChannelID
	Burst    proto.BurstID
	Priority proto.Priority
	Local    bool // by a follower, without the hub
}

// Kind returns KindFloorGranted.
func (*FloorGranted) Kind() Kind { return KindFloorGranted }
func (b *FloorGranted) fields(f *form) {
	f.burst("burst", &b.Burst)
	f.channel("channel", &b.Channel, false)
	f.flag("local", &b.Local)
	number(f, "priority", &b.Priority, 1, 5, false)
}

// FloorReleased ends it: by the talker, or by the hub for a reason.
type FloorReleased struct {
	Channel proto.ChannelID
	Burst   proto.BurstID
	Reason  proto.Reason // 0: the talker let go
}

// Kind returns KindFloorReleased.
func (*FloorReleased) Kind() Kind { return KindFloorReleased }
func (b *FloorReleased) fields(f *form) {
	f.burst("burst", &b.Burst)
	f.channel("channel", &b.Channel, false)
	number(f, "reason", &b.Reason, 1, maxReason, true)
}

// FloorLost says that a call of higher priority took the floor from the actor.
type FloorLost struct {
	Channel  proto.ChannelID
	Burst    proto.BurstID
	By       proto.Name
	Priority proto.Priority // of By
}

// Kind returns KindFloorLost.
func (*FloorLost) Kind() Kind { return KindFloorLost }
func (b *FloorLost) fields(f *form) {
	f.burst("burst", &b.Burst)
	f.name("by", &b.By)
	f.channel("channel", &b.Channel, false)
	number(f, "priority", &b.Priority, 1, 5, false)
}

// FloorDenied refuses the actor the floor.
type FloorDenied struct {
	Channel  proto.ChannelID
	Burst    proto.BurstID
	Priority proto.Priority
	Reason   proto.Reason
}

// Kind returns KindFloorDenied.
func (*FloorDenied) Kind() Kind { return KindFloorDenied }
func (b *FloorDenied) fields(f *form) {
	f.burst("burst", &b.Burst)
	f.channel("channel", &b.Channel, false)
	number(f, "priority", &b.Priority, 1, 5, false)
	number(f, "reason", &b.Reason, 1, maxReason, false)
}

// Burst is what the entry's actor said in one press, by the digest of its
// chain of signed blocks, and the device's signature over BurstStatement.
type Burst struct {
	Channel      proto.ChannelID
	Burst        proto.BurstID
	Digest       Digest // of the blocks, one after the other
	Milliseconds uint32
	Signature    []byte // see SignBurst
	Certificate  Digest // of the signer's leaf certificate, in DER
}

// Kind returns KindBurst.
func (*Burst) Kind() Kind { return KindBurst }
func (b *Burst) fields(f *form) {
	f.burst("burst", &b.Burst)
	f.digest("certificate", &b.Certificate)
	f.channel("channel", &b.Channel, false)
	f.digest("digest", &b.Digest)
	number(f, "milliseconds", &b.Milliseconds, 0, maxInteger, true)
	f.octets("signature", &b.Signature, maxSignature)
}

// Text is a message of the entry's actor.
type Text struct {
	Channel    proto.ChannelID
	Message    proto.MessageID
	Sealed     Digest // of the sealed message
	Commitment Digest // to what it says, by its sender; zero if there is none
}

// Kind returns KindText.
func (*Text) Kind() Kind { return KindText }
func (b *Text) fields(f *form) {
	f.channel("channel", &b.Channel, false)
	f.optionalDigest("commitment", &b.Commitment)
	f.message("message", &b.Message, false)
	f.digest("sealed", &b.Sealed)
}

// Agreement is the document that was in force.
type Agreement struct{ Document Digest }

// Kind returns KindAgreement.
func (*Agreement) Kind() Kind       { return KindAgreement }
func (b *Agreement) fields(f *form) { f.digest("document", &b.Document) }

// Notice is a signed announcement of a change, by its digest.
type Notice struct {
	Document Digest
	Title    string // at most 200 octets; may be empty
}

// Kind returns KindNotice.
func (*Notice) Kind() Kind { return KindNotice }
func (b *Notice) fields(f *form) {
	f.digest("document", &b.Document)
	f.text("title", &b.Title, maxNote, true)
}

// LinkGap says that a follower's link was lost.
type LinkGap struct {
	Relay proto.Name
	Lost  time.Time
	Back  time.Time // zero while it is away
}

// Kind returns KindGap.
func (*LinkGap) Kind() Kind { return KindGap }
func (b *LinkGap) fields(f *form) {
	f.time("back", &b.Back, true)
	f.time("lost", &b.Lost, false)
	f.name("relay", &b.Relay)
}

// Split says that somebody was seen to have another view.
type Split struct {
	Relay   proto.Name // whose view it is
	Log     string     // the origin of the log that they differ in; empty: the membership of Channel
	Channel proto.ChannelID
	At      uint64 // tree size or epoch
	Ours    Digest
	Theirs  Digest
}

// Kind returns KindSplit.
func (*Split) Kind() Kind { return KindSplit }
func (b *Split) fields(f *form) {
	number(f, "at", &b.At, 0, maxInteger, false)
	f.channel("channel", &b.Channel, true)
	f.text("log", &b.Log, maxNote, true)
	f.digest("ours", &b.Ours)
	f.name("relay", &b.Relay)
	f.digest("theirs", &b.Theirs)
}
