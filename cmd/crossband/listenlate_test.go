package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// TestALateBurstIsToldOfAndGoesIntoAFileOfItsOwn: what is missing is silence, and the
// recording of what is live has nothing of it.
func TestALateBurstIsToldOfAndGoesIntoAFileOfItsOwn(t *testing.T) {
	var out bytes.Buffer
	e, rec, folder := env{out: &out, err: &out}, &recorder{}, t.TempDir()
	loud := bytes.Repeat([]byte{0x00, 0x80}, 80) // G.711, from one end to the other
	at := time.Date(2026, 11, 3, 14, 3, 10, 0, time.UTC)
	b := client.LateBurst{Burst: proto.BurstID{9}, At: at, Codec: voice.CodecPCMU, Payloads: [][]byte{loud, nil, loud}, Genuine: true}
	var sink client.LateSink = rec
	sink.Late(b)
	ev := client.BurstLate{Burst: b.Burst, At: at, Length: 60 * time.Millisecond, Genuine: true}
	for range 2 { // nothing is written twice
		if err := tellLate(e, &rec.lateShelf, ev, "", folder); err != nil {
			t.Fatal(err)
		}
	}
	if len(rec.bursts) != 0 {
		t.Errorf("%d bursts are held that have been told of", len(rec.bursts))
	}
	if line := out.String(); !strings.Contains(line, "late:") || !strings.Contains(line, "14:03:10") || !strings.Contains(line, "signed by this device; parts are missing") {
		t.Errorf("told %q", line)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %q, %v", files, err)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := voice.DecodeWAV(raw)
	if err != nil || len(pcm) != 3*voice.FrameSamples {
		t.Fatalf("%d samples, %v", len(pcm), err)
	}
	peak := func(frame []int16) (most int16) {
		for _, s := range frame {
			most = max(most, s, -s-1)
		}
		return most
	}
	for i, want := range []bool{true, false, true} {
		if got := peak(pcm[i*voice.FrameSamples:(i+1)*voice.FrameSamples]) > 1000; got != want {
			t.Errorf("frame %d is loud: %t, want %t", i, got, want)
		}
	}
	if len(rec.pcm) != 0 {
		t.Error("a late burst is in the recording of what is live")
	}
	for i := range maxLate + 10 {
		rec.Late(client.LateBurst{Burst: proto.BurstID{byte(i), 1}})
	}
	if len(rec.bursts) != maxLate {
		t.Errorf("%d late bursts are held", len(rec.bursts))
	}
	forged := lateAuthenticity(client.BurstLate{Forged: 2, Whole: true})
	if !strings.HasPrefix(forged, "WARNING: 2 frames") {
		t.Errorf("a forged burst reads %q", forged)
	}
}
