package handheld

import (
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// speakers counts the frames that were played.
type speakers struct{ frames int }

func (s *speakers) Play(client.Played) { s.frames++ }

func TestEar(t *testing.T) {
	at := now()
	e := NewEar(func() time.Time { return at })
	ch := proto.ChannelID{1}
	loud := make([]int16, voice.FrameSamples)
	for i := range loud {
		loud[i] = 10_000
	}
	burst := func(id byte, frames int) {
		for i := range frames {
			e.Play(client.Played{Channel: ch, Burst: proto.BurstID{id}, PCM: loud, At: at, End: i == frames-1})
		}
	}
	out := &speakers{}
	burst(1, 3) // there is no sound server
	e.Plays(out)
	burst(2, 3)
	e.Mute(true)
	burst(3, 3)
	e.Mute(false)
	if out.frames != 3 {
		t.Errorf("%d frames played, want 3", out.frames)
	}
	list := e.Bursts()
	if len(list) != 3 || list[0].Heard || !list[1].Heard || list[2].Heard || !list[0].Over || list[0].Length != 60*time.Millisecond {
		t.Errorf("%+v", list)
	}
	if pcm, ok := e.Recall(proto.BurstID{3}); !ok || len(pcm) != 3*voice.FrameSamples || pcm[0] != 10_000 || !e.Bursts()[2].Heard {
		t.Error("what was missed cannot be heard late, once")
	}
	if _, ok := e.Recall(proto.BurstID{9}); ok {
		t.Error("a burst that never was")
	}
	if e.Level(ch) != 83 || e.Level(proto.ChannelID{2}) != 0 {
		t.Errorf("level %d", e.Level(ch))
	}
	at = at.Add(time.Second)
	if e.Level(ch) != 0 {
		t.Error("an old level counts")
	}
	at = at.Add(keepFor)
	if len(e.Bursts()) != 0 || e.octets != 0 {
		t.Errorf("%d octets kept for ever", e.octets)
	}
	burst(4, 60*50) // a minute
	for id := range byte(10) {
		burst(10+id, 60*50)
	}
	if e.octets > keepOctets || len(e.Bursts()) > 5 {
		t.Errorf("%d octets, %d bursts", e.octets, len(e.Bursts()))
	}
	burst(99, 20*60*50) // one that nearly never ends
	if pcm, ok := e.Recall(proto.BurstID{99}); !ok || 2*len(pcm) > keepOctets || e.octets != 2*len(pcm) {
		t.Errorf("%d samples of it, %d octets counted", len(pcm), e.octets)
	}
	for i := range 300 {
		e.Play(client.Played{Burst: proto.BurstID{byte(i), byte(i >> 8), 1}, At: at, End: true})
	}
	if n := len(e.Bursts()); n > keepBursts {
		t.Errorf("%d bursts", n)
	}
}

var _ client.LateSink = (*Ear)(nil)

// TestWhatWasMissedIsKept: it is heard late, with silence for what is missing, and is not
// played by itself.
func TestWhatWasMissedIsKept(t *testing.T) {
	at := now()
	e := NewEar(func() time.Time { return at })
	out := &speakers{}
	e.Plays(out)
	payload := make([]byte, 160) // mu-law 0x00: as loud as it goes
	e.Late(client.LateBurst{
		Channel: proto.ChannelID{1}, Burst: proto.BurstID{7}, At: at.Add(-time.Minute), Codec: voice.CodecPCMU,
		Payloads: [][]byte{payload, payload, nil, payload}, Genuine: true,
	})
	list := e.Bursts()
	if len(list) != 1 || list[0].Heard || !list[0].Over || list[0].Length != 80*time.Millisecond || !list[0].At.Equal(at.Add(-time.Minute)) {
		t.Fatalf("%+v", list)
	}
	pcm, ok := e.Recall(proto.BurstID{7})
	if !ok || len(pcm) != 4*voice.FrameSamples || pcm[2*voice.FrameSamples-1] == 0 || pcm[2*voice.FrameSamples+10] != 0 {
		t.Errorf("%d samples", len(pcm))
	}
	if out.frames != 0 {
		t.Error("it is played as if it were said now")
	}
}
