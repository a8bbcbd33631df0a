package soak

import (
	"testing"
	"time"

	"crossband/client/voice"
)

// TestFramesTellTheirAge: what is coded, decoded and played tells who said it and
// when.
func TestFramesTellTheirAge(t *testing.T) {
	d, err := voice.NewDecoder(voice.CodecPCMU)
	if err != nil {
		t.Fatal(err)
	}
	const frames = 500
	read := 0
	for i := range int64(frames) {
		then := 3600e9 + i*20e6*7919
		pcm, err := d.Decode(stamp(uint8(i%7), then))
		if err != nil {
			t.Fatal(err)
		}
		talker, gone, ok := age(pcm, then+1234e6)
		if !ok {
			continue
		}
		read++
		if talker != uint8(i%7) || gone != 1234*time.Millisecond {
			t.Errorf("frame %d: talker %d, age %v", i, talker, gone)
		}
	}
	if read < frames*98/100 {
		t.Errorf("only %d of %d frames can be read", read, frames)
	}
}
