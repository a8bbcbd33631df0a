package console

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"crossband/client/voice"
	"crossband/proto"
)

// speaking is a bridge with a page whose microphone is the test.
func speaking() (*Bridge, *voicePage) {
	b := NewBridge(BridgeConfig{})
	b.page = &voicePage{b: b, live: true, speaks: true, codec: voice.CodecOpus}
	return b, b.page
}

// say lets a page's microphone say some numbers, each 20 ms after the last.
func say(b *Bridge, p *voicePage, from, to int) {
	for i := from; i < to; i++ {
		b.hear(p, voice.CodecOpus, uint16(i), opus(i))
		time.Sleep(proto.VoiceFrame)
	}
}

func wantFrames(t *testing.T, s voice.Source, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if got, err := s.Next(); err != nil || !bytes.Equal(got, opus(i)) {
			t.Fatalf("frame %d: %q, %v", i, got, err)
		}
	}
}

// A microphone from which nothing comes for half a second ends the press, with a reason.
func TestASilentMicrophone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, p := speaking()
		press := b.Press()
		s := press.Source()
		began := time.Now()
		say(b, p, 1, 11)
		wantFrames(t, s, 1, 11)
		if _, err := s.Next(); !errors.Is(err, ErrSilent) || !errors.Is(press.Err(), ErrSilent) {
			t.Errorf("%v, %v", err, press.Err())
		}
		if d := time.Since(began); d != 9*proto.VoiceFrame+silentAfter {
			t.Errorf("after %v", d)
		}
		<-press.Done()
		press.Release()
		if len(b.presses) != 0 {
			t.Error("the press is still there")
		}
	})
}

// Also a press that nobody reads ends then.
func TestASilentMicrophoneThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := speaking()
		press := b.Press()
		<-press.Done()
		if !errors.Is(press.Err(), ErrSilent) {
			t.Error(press.Err())
		}
	})
}

// Up to 1.5 s that were said before anybody asked are said, and held up for as long as
// the press lasts; more is not kept.
func TestWhatIsSaidBeforeTheChannelIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, p := speaking()
		s := b.Press().Source()
		say(b, p, 1, 31)
		for i := 1; i < 200; i++ {
			wantFrames(t, s, i, i+1)
			say(b, p, i+30, i+31)
		}
		late := b.Press().Source()
		say(b, p, 300, 400)
		wantFrames(t, late, 400-sourceEarly, 400)
		if st := b.Stats(); st.UpDropped < 100-sourceEarly {
			t.Errorf("%+v", st)
		}
	})
}

// Whoever waited for a channel says what is said now, not what was said while waiting.
func TestWhatIsSaidWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, p := speaking()
		s := b.Press().Source()
		say(b, p, 1, 3)
		wantFrames(t, s, 1, 3)
		say(b, p, 3, 300)
		wantFrames(t, s, 298, 300)
		say(b, p, 300, 303)
		wantFrames(t, s, 300, 303)
		if st := b.Stats(); st.UpDropped != 295 {
			t.Errorf("%+v", st)
		}
	})
}

// After the release comes what was under way, and no more.
func TestTheTailOfAPress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, p := speaking()
		press := b.Press()
		s := press.Source()
		say(b, p, 1, 3)
		press.Release()
		press.Release()
		time.Sleep(time.Millisecond)
		say(b, p, 3, 60)
		wantFrames(t, s, 1, 8)
		if got, err := s.Next(); err != io.EOF || press.Err() != nil {
			t.Errorf("%q, %v, %v", got, err, press.Err())
		}
	})
}

func TestPressesAreBounded(t *testing.T) {
	b, p := speaking()
	var presses []*Press
	for range maxPresses {
		presses = append(presses, b.Press())
	}
	if _, err := b.Press().Source().Next(); !errors.Is(err, ErrManyPresses) {
		t.Errorf("a press more: %v", err)
	}
	for range maxPressSources {
		presses[0].Source()
	}
	if _, err := presses[0].Source().Next(); !errors.Is(err, ErrManyPresses) {
		t.Errorf("a source more: %v", err)
	}
	b.gone(&voicePage{b: b, closing: true}) // another page
	if presses[0].Err() != nil {
		t.Error("another page's end ends the press")
	}
	p.closing = true // there is no connection to close
	b.gone(p)
	for _, press := range presses {
		if !errors.Is(press.Err(), ErrNoVoicePage) {
			t.Errorf("the page is gone: %v", press.Err())
		}
	}
}

// What is not 20 ms of mono, comes late, twice, from another page or in another codec is
// not said; the next good packet is.
func TestWhatTheMicrophoneMayNotSay(t *testing.T) {
	b, p := speaking()
	s := b.Press().Source()
	restarted := uint16(18)
	restarted -= maxBackward
	b.hear(p, voice.CodecOpus, 10, opus(10))
	b.hear(p, voice.CodecOpus, 10, opus(11))                // twice
	b.hear(p, voice.CodecOpus, 9, opus(9))                  // late
	b.hear(p, voice.CodecOpus, 11, nil)                     // padding
	b.hear(p, voice.CodecOpus, 12, []byte{0x4c, 1})         // stereo
	b.hear(p, voice.CodecOpus, 13, []byte{0x50, 1})         // 40 ms
	b.hear(p, voice.CodecPCMU, 14, make([]byte, 80))        // 10 ms
	b.hear(p, voice.CodecNone, 15, []byte{1})               // of no codec
	b.hear(p, voice.CodecPCMU, 16, pcmu(16))                // of another codec than the press began with
	b.hear(&voicePage{b: b}, voice.CodecOpus, 17, opus(17)) // another page
	b.hear(p, voice.CodecOpus, 18, opus(18))                //
	b.hear(p, voice.CodecOpus, restarted, opus(0))          // begins to count anew
	wantFrames(t, s, 10, 11)
	wantFrames(t, s, 18, 19)
	wantFrames(t, s, 0, 1)
	if st := b.Stats(); st != (BridgeStats{UpLate: 2, UpRefused: 4, UpDropped: 1}) {
		t.Errorf("%+v", st)
	}
}

// FuzzMicrophone gives the bridge what a page might send: what a source gives is what a
// channel carries, in the codec that it says.
func FuzzMicrophone(f *testing.F) {
	f.Add(uint8(1), uint16(1), opus(1))
	f.Add(uint8(2), uint16(2), pcmu(2))
	f.Add(uint8(1), uint16(3), []byte{})
	f.Add(uint8(1), uint16(65535), []byte{0x4b, 0x41, 2, 1, 2, 3, 0, 0})
	f.Add(uint8(0), uint16(0), []byte{0xf8, 0xff, 0xfe})
	f.Fuzz(func(t *testing.T, codec uint8, seq uint16, payload []byte) {
		b, p := speaking()
		press := b.Press()
		s := press.Source()
		b.hear(p, voice.Codec(codec), seq, payload)
		b.hear(p, voice.CodecOpus, seq+1, opus(1))
		clear(payload) // the reader's buffer is used again
		press.endLocked(io.EOF)
		var frames [][]byte
		for {
			frame, err := s.Next()
			if err != nil {
				break
			}
			frames = append(frames, frame)
			if err := voice.CheckPayload(s.Codec(), frame); err != nil {
				t.Fatalf("%x: %v", frame, err)
			}
		}
		if n := len(frames); n == 0 || n > 2 || !bytes.Equal(frames[n-1], opus(1)) {
			t.Fatalf("%d frames: %x", len(frames), frames)
		}
	})
}
