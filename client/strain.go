package client

import (
	"cmp"
	"time"

	"crossband/client/voice"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// VoiceStrained says that the bit rate of our own voice on a channel has changed,
// because those who hear it lose some of it on their links, or no more.
type VoiceStrained struct {
	Channel proto.ChannelID
	Bits    int // a second, that our voice is to have: voice.LeastBitrate to voice.DefaultBitrate
}

// Lowered reports whether it is less than what our voice has by itself.
func (v VoiceStrained) Lowered() bool { return v.Bits < voice.DefaultBitrate }

func (VoiceStrained) event() {}

// strainLocked takes in what the relay says of voice that we send under its number.
// About a number that we send nothing under it has nothing to say.
func (s *Session) strainLocked(b *wire.VoiceStrain, now time.Time) (news []Event) {
	known := false
	for _, ch := range s.channels {
		if b.Alias == 0 || uint32(ch.out) != b.Alias || b.Lost > 1000 {
			continue
		}
		known = true
		ch.bitrate.Strained(voice.Listeners, int(b.Lost), now)
		news = append(news, ch.bitrateLocked(now)...)
	}
	if !known {
		s.strays++
	}
	return news
}

// bitrateLocked tells of another bit rate than the one told last. Once a second it
// is asked for every channel: to rise again takes time and nothing else.
func (ch *Channel) bitrateLocked(now time.Time) []Event {
	bits := ch.bitrate.At(now)
	if bits == cmp.Or(ch.bitrateTold, voice.DefaultBitrate) {
		return nil
	}
	ch.bitrateTold = bits
	return []Event{VoiceStrained{ch.id, bits}}
}

// StrayStrain counts what the relay said of voice that we do not send.
func (s *Session) StrayStrain() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.strays
}

// limit has src keep to the bit rate for the channel, if it can.
func (t *talk) limit(src voice.Source) {
	l, ok := src.(voice.Limited)
	if !ok {
		return
	}
	t.ch.s.mu.Lock()
	bits := t.ch.bitrate.At(time.Now())
	t.ch.s.mu.Unlock()
	l.Limit(bits)
}

// What the talker's own link loses of its voice counts beside what its listeners lose, by
// the same figures as a relay's (docs/PROTOCOL.md, section 8.10).
const (
	uplinkFrom  = link.Strain(50) // per mille
	uplinkTwice = 2               // looks in a row
	uplinkEase  = 5 * time.Second // without
)

// uplink follows how our own voice fares on the way to our relay.
type uplink struct {
	bad      int // looks in a row
	strained bool
	found    time.Time
}

// look takes in what was lost while we talked. It returns what a relay would say,
// if anything: 0 says that it has eased.
func (u *uplink) look(lost link.Strain, now time.Time) (tell int, say bool) {
	eased := u.strained && now.Sub(u.found) >= uplinkEase
	if eased {
		u.strained = false
	}
	if lost < uplinkFrom {
		u.bad = 0
		return 0, eased
	}
	if u.bad++; u.bad < uplinkTwice && !u.strained {
		return 0, false
	}
	u.strained, u.found = true, now
	return int(lost), true
}

// uplinkLocked looks at our link, once a second.
func (s *Session) uplinkLocked(now time.Time) {
	var talks []*Channel
	for _, ch := range s.channels {
		if ch.burst != nil {
			talks = append(talks, ch)
		}
	}
	if s.conn == nil {
		s.uplink.bad = 0
		return
	}
	strain := s.conn.Strain() // each second, so that no look is about a pause
	if len(talks) == 0 {
		s.uplink.bad = 0
		return
	}
	if lost, say := s.uplink.look(strain, now); say {
		for _, ch := range talks {
			ch.bitrate.Strained(voice.OwnLink, lost, now)
		}
	}
}
