package client

import (
	"slices"
	"testing"
	"time"

	"crossband/client/voice"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// TestStrainIsForTheChannelsVoiceOnly: what a relay says counts for the channel whose
// voice goes out under its number, can do no more than lower the bit rate to the least,
// and ends with the link.
func TestStrainIsForTheChannelsVoiceOnly(t *testing.T) {
	s := &Session{cfg: Config{Clock: time.Now}, channels: make(map[proto.ChannelID]*Channel)}
	a, b, none := &Channel{s: s, id: proto.ChannelID{1}, out: 5, deaf: true}, &Channel{s: s, id: proto.ChannelID{2}, out: 6}, &Channel{s: s, id: proto.ChannelID{3}}
	for _, ch := range []*Channel{a, b, none} {
		s.channels[ch.id] = ch
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	told := func(alias, lost uint32) []Event {
		return s.strainLocked(&wire.VoiceStrain{Alias: alias, Lost: lost}, now)
	}
	same := func(why string, got []Event, want ...VoiceStrained) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: told %v, want %v", why, got, want)
		}
		for i := range want {
			if got[i] != Event(want[i]) {
				t.Errorf("%s: told %v, want %v", why, got[i], want[i])
			}
		}
	}
	for i, stray := range [][2]uint32{{0, 200}, {7, 200}, {5, 1001}, {5, 1 << 31}, {1 << 20, 1}, {5 + 1<<16, 200}} {
		same("of nothing that is sent", told(stray[0], stray[1]))
		if got := s.StrayStrain(); got != uint64(i+1) {
			t.Errorf("%v: %d counted, want %d", stray, got, i+1)
		}
	}
	same("nothing has changed", a.bitrateLocked(now))

	same("strained", told(5, 200), VoiceStrained{a.id, 20_000})
	same("at once again", told(5, 1000))
	same("the other channel", b.bitrateLocked(now))
	for range 12 { // however bad
		now = now.Add(time.Second)
		told(5, 1000)
	}
	if got := a.bitrate.At(now); got != voice.LeastBitrate {
		t.Errorf("%d bit/s after twelve words more, want the least", got)
	}
	for range 100 {
		told(5, 0)
	}
	if got := a.bitrate.At(now); got != voice.LeastBitrate {
		t.Errorf("%d bit/s at once after it has eased", got)
	}
	for _, want := range []int{12_000, 16_000, 20_000, 24_000} {
		now = now.Add(5 * time.Second)
		same("slowly up", a.bitrateLocked(now), VoiceStrained{a.id, want})
	}
	now = now.Add(time.Hour)
	same("and no higher", append(told(5, 0), a.bitrateLocked(now)...))

	same("strained again", told(5, 200), VoiceStrained{a.id, 20_000})
	a.linkLost()
	same("the link is lost", a.bitrateLocked(now), VoiceStrained{a.id, voice.DefaultBitrate})
	if (VoiceStrained{Bits: voice.DefaultBitrate}).Lowered() || !(VoiceStrained{Bits: 20_000}).Lowered() {
		t.Error("what is lowered and what is not are mixed up")
	}
}

// followed is a source that notes what it is told.
type followed struct {
	voice.Source
	limits []int
}

func (f *followed) Limit(bits int) { f.limits = append(f.limits, bits) }

func TestTalkHasItsSourceKeepToTheBitrate(t *testing.T) {
	s := &Session{channels: make(map[proto.ChannelID]*Channel)}
	ch := &Channel{s: s, id: proto.ChannelID{1}, out: 5}
	s.channels[ch.id] = ch
	burst, src := &talk{ch: ch}, &followed{}
	burst.limit(src)
	s.strainLocked(&wire.VoiceStrain{Alias: 5, Lost: 100}, time.Now())
	burst.limit(src)
	burst.limit(struct{ voice.Source }{}) // cannot: nothing happens
	if len(src.limits) != 2 || src.limits[0] != voice.DefaultBitrate || src.limits[1] != 20_000 {
		t.Errorf("told %v", src.limits)
	}
}

func TestOwnLinkCountsAsListenersDo(t *testing.T) {
	const none, quiet = -1, -2 // quiet: nobody talks, nothing is looked at
	for name, tt := range map[string]struct {
		lost, want []int // per mille, second by second; what is said
	}{
		"well":                    {[]int{0, 49, 0}, []int{none, none, none}},
		"once":                    {[]int{0, 50, 0, 50, 49}, []int{none, none, none, none, none}},
		"twice, and over":         {[]int{50, 200, 0, 0, 0, 0, 0, 0}, []int{none, 200, none, none, none, none, 0, none}},
		"talks again, much later": {append([]int{50, 200}, slices.Concat(slices.Repeat([]int{quiet}, 10), []int{100, 100, 0})...), append([]int{none, 200}, slices.Concat(slices.Repeat([]int{none}, 10), []int{none, 100, none})...)},
		"goes on":                 {[]int{50, 200, 0, 300, 400, 0}, []int{none, 200, none, 300, 400, none}},
	} {
		var u uplink
		for i, lost := range tt.lost {
			if lost == quiet {
				u.bad = 0
				continue
			}
			tell, say := u.look(link.Strain(lost), time.Unix(int64(i), 0))
			if !say {
				tell = none
			}
			if tell != tt.want[i] {
				t.Errorf("%s, second %d: %d, want %d", name, i, tell, tt.want[i])
			}
		}
	}
}
