package client

import (
	"cmp"
	"time"

	"crossband/client/voice"
	"crossband/proto"
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
		ch.bitrate.Strained(int(b.Lost), now)
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
