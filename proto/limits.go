package proto

import "time"

// The protocol itself.
const (
	ALPN       = "crossband/1"        // links between enrolled parties
	ALPNEnrol  = "crossband-enroll/1" // one enrolment by a device that has no certificate yet
	VersionMin = 1                    // lowest protocol version that this build speaks: the floor
	VersionMax = 1                    // highest
)

// Limits on what one message or list may hold. Every decoder refuses more.
const (
	MaxFrame        = 1 << 20   // octets in any frame's body
	MaxText         = 16 << 10  // octets of a sealed text or hail
	MaxCommit       = 512 << 10 // octets of a commit and its group information; of a new group's
	MaxGroup        = 896 << 10 // octets of group information, ratchet tree and charter with which a channel still takes somebody in
	MaxLeaf         = 20 << 10  // octets of a member in a group: its certificates (16 KiB), keys and capabilities
	MaxCharter      = 64 << 10  // octets of a signed charter
	MaxDocument     = 96 << 10  // octets of a signed document
	MaxDatagram     = 1150      // octets of a voice datagram: fits a path of 1280
	MaxKeyPackage   = 16 << 10  // octets
	MaxKeyPackages  = 64        // waiting in the directory per endpoint
	MaxParties      = 8         // agencies in a charter
	MaxOnly         = 64        // names to which a party's roles are narrowed
	MaxLadder       = 8         // steps of a ladder
	MaxPaged        = 8         // names that one step pages
	MaxRounds       = 99        // of one hail's ladder
	MaxCalls        = 10_000    // hails that a calling channel's hub remembers; of one agency its part by MaxParties
	MaxOpenHails    = 64        // of one sender that nobody has committed to; of one incident that are not over
	MaxDuplicates   = 100       // incidents that are merged into one
	MaxDuties       = 1 << 10   // desks of a calling channel whose duty is known
	MaxMembers      = 1 << 10   // of a channel: the sender index has KIDSenderBits
	MaxEntries      = 128       // log entries in one answer
	MaxEntriesBytes = 512 << 10 // octets of the entries in one answer
	MaxDetail       = 300       // octets of a refusal's detail
	MaxCapabilities = 32        // names in a Hello
	MaxHops         = 2         // relay-to-relay steps: follower to hub, hub to another follower
	MaxFloorQueue   = 8         // requests waiting for one floor
	MaxWelcomes     = 32        // waiting for one endpoint
	MaxLog          = 100_000   // entries of one channel
	MaxChannels     = 1_000     // channels of one relay
	MaxPeerChannels = 250       // of them owned by one partner agency
	MaxPatrols      = 500       // of them patrols: the rest is for incidents and what an agency has registered
	MaxUnitPatrols  = 4         // of them opened by one unit
	MaxDocuments    = 1_000     // signed documents held by one relay or endpoint
	MaxPeerIssued   = 250       // of them issued by one partner agency alone
	MaxSubscribed   = 64        // channels of one endpoint's link
	MaxKeptVoice    = 32 << 10  // octets of the kept frames in one answer
	MaxLive         = 16 << 10  // octets of an answer that is asked for over a live link, where there are bulk links
	MaxLiveSealed   = 4         // sealed parts likewise
	MaxPending      = 256       // requests of one link that wait for another relay's answer
)

// Times of the floor and of links. A charter may shorten the talk limit.
const (
	TalkLimit        = 60 * time.Second       // 3GPP TS 24.380 T2: longest talk in one grant
	TalkWarning      = 5 * time.Second        // sent this long before the limit
	FloorSilence     = 2 * time.Second        // 3GPP TS 24.380 T1: no voice from the holder frees the floor
	FloorTail        = 200 * time.Millisecond // a talker who lets go is still heard for so long: a path's jitter, and VoiceQueue
	EarlyVoice       = time.Second            // what comes before a grant is kept for so long: a request that was lost, and once more
	FloorQueueLife   = 30 * time.Second       // a queued request is dropped after this
	LinkIdle         = 3 * time.Second        // a silent link is dead: told after this and up to a keep-alive more
	LinkKeepAlive    = 1 * time.Second        // so that silence means something
	AnswerTimeout    = 10 * time.Second       // a forwarded request unanswered for so long is refused
	BulkTimeout      = 30 * time.Second       // likewise over a bulk link, whose pace may be slow
	EndedChannelLife = 10 * time.Minute       // an ended channel is forgotten after this
	HailLife         = 10 * time.Minute       // longest life of an unanswered hail; with a ladder, after its last step
	HailHeld         = 30 * 24 * time.Hour    // a hail that is not over keeps its channel's log for so long beyond its time
	MinRearm         = time.Minute            // a ladder begins again no sooner after an acceptance, or, by a person, after it began
	HookAnswer       = 30 * time.Second       // a paged hook that has not said so long whether it delivered has failed
	DeskAway         = 60 * time.Second       // a desk without a subscription for so long is unmanned
	ClockSkewWarning = 2 * time.Minute        // between two parties' clocks
	VoiceFrame       = 20 * time.Millisecond  // of speech in one datagram
	VoiceKept        = 5 * time.Minute        // sealed voice stays in a relay's memory for so long, for devices that come back
	VoiceQueue       = 100 * time.Millisecond // voice older than this in a sender's queue is dropped
)
