package clip_test

import (
	"testing"
	"time"

	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
)

func TestClipsAreSpeechThatAChannelCarries(t *testing.T) {
	total := 0
	for _, name := range []string{clip.HailEnglish, clip.AnswerSpanish, clip.AnswerFrench} {
		c, err := clip.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		total += len(c.Ogg)
		f, err := voice.ParseOggOpus(c.Ogg)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		length := time.Duration(len(f.Packets)) * voice.FrameDuration
		if length < 2*time.Second || length > 7*time.Second || c.Words == "" || c.Voice == "" {
			t.Errorf("%s: %v of %q", name, length, c.Words)
		}
		for i, p := range f.Packets {
			if len(p) != len(f.Packets[0]) {
				t.Errorf("%s: packet %d has %d octets, the first %d: sizes give away what is said", name, i, len(p), len(f.Packets[0]))
			}
		}
	}
	if total > 40_000 {
		t.Errorf("%d octets of clips", total)
	}
	if _, err := clip.Get("nobody"); err == nil {
		t.Error("a clip that is not there")
	}
}

func TestEveryClipOfTheScriptHasAName(t *testing.T) {
	all, err := clip.All()
	if err != nil || len(all) != 3 {
		t.Fatalf("%d clips, %v", len(all), err)
	}
}
