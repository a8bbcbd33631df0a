package console

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"crossband/client/voice"
	"crossband/proto"
)

// Two channels at once: each on its own track, in order, in its codec and at its times;
// a lost frame is a hole.
func TestTwoChannelsComeDown(t *testing.T) {
	b, ch := newTestBridge(t, 2)
	p := newBrowser(t, 2)
	p.connect(b)
	if got := b.Tracks(); len(got) != 2 || got["ch-"+ch[0].String()] != ch[0] || got["ch-"+ch[1].String()] != ch[1] || b.Stale() {
		t.Fatalf("tracks %v, stale %t", got, b.Stale())
	}
	const frames, lost = 50, 20
	begin := time.Now()
	for i := range frames {
		first := played(ch[0], 1, i, opus(i), voice.CodecOpus)
		second := played(ch[1], 2, i, pcmu(i), voice.CodecPCMU)
		if i == lost {
			first.Payload, first.Conceal = nil, true
		}
		first.At = begin.Add(time.Duration(i) * proto.VoiceFrame)
		second.At = first.At
		b.Play(first)
		b.Play(second)
		time.Sleep(time.Millisecond)
	}
	heard := map[string][]packetOf{}
	for range 2*frames - 1 {
		h := p.next()
		heard[h.stream] = append(heard[h.stream], h)
	}
	one, two := heard["ch-"+ch[0].String()], heard["ch-"+ch[1].String()]
	if len(one) != frames-1 || len(two) != frames {
		t.Fatalf("%d and %d packets", len(one), len(two))
	}
	for i, h := range two {
		checkPacket(t, h, two[0], i, voice.CodecPCMU, 160, pcmu(i))
	}
	for i, h := range one {
		if i >= lost {
			i++
		}
		checkPacket(t, h, one[0], i, voice.CodecOpus, 960, opus(i))
	}
}

// A burst ends in a little silence, in its codec, so that the page does not go on with
// its last sound; the next one begins with a marker.
func TestABurstEndsInSilence(t *testing.T) {
	b, ch := newTestBridge(t, 1)
	p := newBrowser(t, 1)
	p.connect(b)
	for burst, c := range []voice.Codec{voice.CodecOpus, voice.CodecPCMU} {
		end := played(ch[0], byte(burst+1), 0, opus(1), c)
		if c == voice.CodecPCMU {
			end.Payload = pcmu(1)
		}
		end.End = true
		b.Play(end)
		first := p.next()
		if !first.Marker || first.codec != c || !bytes.Equal(first.Payload, end.Payload) {
			t.Fatalf("%v: marker %t, %x", c, first.Marker, first.Payload)
		}
		d, err := voice.NewDecoder(c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range endSilence {
			h := p.next()
			if h.Marker || h.codec != c || h.SequenceNumber != first.SequenceNumber+uint16(i)+1 {
				t.Errorf("%v: marker %t, %v, number %d", c, h.Marker, h.codec, h.SequenceNumber)
			}
			if pcm, err := d.Decode(h.Payload); err != nil || loudness(pcm) != 0 {
				t.Errorf("%v: level %d, %v", c, loudness(pcm), err)
			}
		}
	}
}

func checkPacket(t *testing.T, h, first packetOf, i int, c voice.Codec, unit uint32, payload []byte) {
	t.Helper()
	if h.SequenceNumber-first.SequenceNumber != uint16(i) || h.Timestamp-first.Timestamp != uint32(i)*unit || h.Marker != (i == 0) || h.codec != c || !bytes.Equal(h.Payload, payload) {
		t.Errorf("packet %d: number %d, time %d, marker %t, %v, %.12q", i,
			h.SequenceNumber-first.SequenceNumber, h.Timestamp-first.Timestamp, h.Marker, h.codec, h.Payload)
	}
}

// What the page says reaches each channel that is pressed, from the press to the release
// and a little longer; what is said before and after does not.
func TestTheMicrophoneGoesUp(t *testing.T) {
	b, _ := newTestBridge(t, 1)
	p := newBrowser(t, 1)
	p.connect(b)
	p.say(opus(0))
	eventually(t, "the microphone is heard", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.page.codec == voice.CodecOpus
	})
	press := b.Press()
	one, two := press.Source(), press.Source()
	for i := 1; i <= 30; i++ {
		p.say(opus(i))
		for _, s := range []voice.Source{one, two} {
			if got, err := s.Next(); err != nil || !bytes.Equal(got, opus(i)) || s.Codec() != voice.CodecOpus {
				t.Fatalf("frame %d: %q, %v", i, got, err)
			}
		}
	}
	press.Release()
	p.say(opus(31))
	for _, s := range []voice.Source{one, two} {
		if got, err := s.Next(); err != nil || !bytes.Equal(got, opus(31)) {
			t.Errorf("what was under way at the release: %q, %v", got, err)
		}
		if got, err := s.Next(); err != io.EOF {
			t.Errorf("after the release: %q, %v", got, err)
		}
	}
	<-press.Done()
	if err := press.Err(); err != nil {
		t.Errorf("released: %v", err)
	}
	if st := b.Stats(); st != (BridgeStats{}) {
		t.Errorf("left out: %+v", st)
	}
}

// A new page takes over: the old one's connection ends, and so does its press.
func TestANewPageTakesOver(t *testing.T) {
	b, ch := newTestBridge(t, 1)
	old := newBrowser(t, 1)
	old.connect(b)
	press := b.Press()
	source := press.Source()
	fresh := newBrowser(t, 1)
	fresh.offer(b)
	fresh.until(webrtc.PeerConnectionStateConnected)
	if _, err := source.Next(); !errors.Is(err, ErrVoiceTaken) || !errors.Is(press.Err(), ErrVoiceTaken) {
		t.Errorf("the press: %v, %v", err, press.Err())
	}
	old.until(webrtc.PeerConnectionStateClosed)
	b.Play(played(ch[0], 1, 0, opus(7), voice.CodecOpus))
	if h := fresh.next(); !bytes.Equal(h.Payload, opus(7)) {
		t.Errorf("the new page hears %q", h.Payload)
	}
	press = b.Press()
	source = press.Source()
	fresh.say(opus(8))
	if got, err := source.Next(); err != nil || !bytes.Equal(got, opus(8)) {
		t.Errorf("the new page says %q, %v", got, err)
	}
}

// Whose voice is hung up hears and says nothing any more, and may come again.
func TestHangUp(t *testing.T) {
	b, _ := newTestBridge(t, 1)
	p := newBrowser(t, 1)
	p.connect(b)
	press := b.Press()
	b.HangUp()
	if _, err := press.Source().Next(); !errors.Is(err, ErrNoVoicePage) || !b.Stale() {
		t.Errorf("the press: %v, stale %t", err, b.Stale())
	}
	p.until(webrtc.PeerConnectionStateClosed)
	b.HangUp() // nobody's
	newBrowser(t, 1).connect(b)
	if err := b.Microphone(); err != nil {
		t.Errorf("a page that comes after: %v", err)
	}
}

// A page that offers again over its connection gets another channel's track, and is not
// interrupted: not in what it says, nor in what it hears.
func TestAPageOffersAgain(t *testing.T) {
	b, ch := newTestBridge(t, 3)
	b.SetChannels(ch[:2])
	p := newBrowser(t, 2)
	p.connect(b)
	press := b.Press()
	source := press.Source()
	b.SetChannels(ch[1:])
	if !b.Stale() {
		t.Fatal("the change goes unnoticed")
	}
	p.addLines(1)
	p.offer(b)
	if got := b.Tracks(); len(got) != 2 || got["ch-"+ch[2].String()] != ch[2] || got["ch-"+ch[1].String()] != ch[1] || b.Stale() {
		t.Fatalf("tracks %v, stale %t", got, b.Stale())
	}
	p.say(opus(1))
	if got, err := source.Next(); err != nil || !bytes.Equal(got, opus(1)) {
		t.Errorf("the press was interrupted: %q, %v", got, err)
	}
	eventually(t, "the new track is bound", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.page.tracks[ch[2]].bound.Load() != nil
	})
	for i, c := range ch {
		b.Play(played(c, byte(i), 0, opus(i), voice.CodecOpus))
	}
	for range 2 {
		if h := p.next(); h.stream != "ch-"+ch[1].String() && h.stream != "ch-"+ch[2].String() ||
			!bytes.Equal(h.Payload, opus(int(b.Tracks()[h.stream][0])-1)) {
			t.Errorf("heard %q on %s", h.Payload, h.stream)
		}
	}
}

// A page that offers fewer lines than there are channels hears the first ones, and is
// told to offer again.
func TestTooFewLines(t *testing.T) {
	b, ch := newTestBridge(t, 3)
	p := newBrowser(t, 2)
	p.connect(b)
	if got := b.Tracks(); len(got) != 2 || got["ch-"+ch[2].String()] == ch[2] || !b.Stale() {
		t.Errorf("tracks %v, stale %t", got, b.Stale())
	}
}

// A page may listen only; that it cannot speak is known before a press. It may get a
// microphone later.
func TestAPageWithoutAMicrophone(t *testing.T) {
	b, ch := newTestBridge(t, 1)
	p := newListener(t)
	p.addLines(2)
	p.connect(b)
	b.Play(played(ch[0], 1, 0, opus(3), voice.CodecOpus))
	if h := p.next(); !bytes.Equal(h.Payload, opus(3)) {
		t.Errorf("heard %q", h.Payload)
	}
	if err := b.Microphone(); !errors.Is(err, ErrSilent) {
		t.Errorf("it can speak: %v", err)
	}
	if _, err := b.Press().Source().Next(); !errors.Is(err, ErrSilent) {
		t.Errorf("a press: %v", err)
	}
	p.addMicrophone()
	p.offer(b)
	if err := b.Microphone(); err != nil {
		t.Fatalf("it has a microphone now: %v", err)
	}
	source := b.Press().Source()
	for range 10 {
		p.say(opus(4))
		time.Sleep(proto.VoiceFrame)
	}
	if got, err := source.Next(); err != nil || !bytes.Equal(got, opus(4)) {
		t.Errorf("it says %q, %v", got, err)
	}
}

// A page that goes away is not spoken with any more, and its press ends.
func TestThePageGoesAway(t *testing.T) {
	b, ch := newTestBridge(t, 1)
	p := newBrowser(t, 1)
	p.connect(b)
	if err := b.Microphone(); err != nil {
		t.Errorf("connected: %v", err)
	}
	source := b.Press().Source()
	if err := p.pc.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Next(); !errors.Is(err, ErrNoVoicePage) && !errors.Is(err, ErrSilent) {
		t.Errorf("the press: %v", err)
	}
	eventually(t, "the page is forgotten", func() bool { return errors.Is(b.Microphone(), ErrNoVoicePage) && b.Stale() })
	b.Play(played(ch[0], 1, 0, opus(0), voice.CodecOpus))
	if got := b.Bursts(); len(got) != 1 || got[0].Heard {
		t.Errorf("nobody listens: %+v", got)
	}
	if _, err := b.Press().Source().Next(); !errors.Is(err, ErrNoVoicePage) {
		t.Errorf("a press then: %v", err)
	}
}

// stuck is a connection that takes nothing.
type stuck struct{ until chan struct{} }

func (s stuck) WriteRTP(*rtp.Header, []byte) (int, error) { <-s.until; return 0, io.ErrClosedPipe }
func (s stuck) Write([]byte) (int, error)                 { return 0, io.ErrClosedPipe }

// A page that fetches nothing holds nobody up: Play goes on, the oldest goes, and is
// counted.
func TestAStalledPageHarmsNobody(t *testing.T) {
	b, ch := newTestBridge(t, 2)
	p := newBrowser(t, 2)
	p.connect(b)
	stall := stuck{make(chan struct{})}
	defer close(stall.until)
	b.mu.Lock()
	for _, track := range b.page.tracks {
		track.bound.Store(&binding{types: map[voice.Codec]uint8{voice.CodecOpus: 111}, to: stall})
	}
	b.mu.Unlock()
	const frames = 1000
	for i := range frames {
		b.Play(played(ch[i%2], byte(i%2), i/2, opus(i), voice.CodecOpus))
	}
	if st := b.Stats(); st.DownDropped < frames-downQueue-1 || st.DownDropped > frames-downQueue {
		t.Errorf("%d frames dropped", st.DownDropped)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := <-b.page.out; string(d.payload) < string(opus(frames-downQueue-1)) {
		t.Errorf("the oldest that waits is %q", d.payload)
	}
}
