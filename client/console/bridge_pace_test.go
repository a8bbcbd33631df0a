package console

import (
	"testing"
	"time"

	"crossband/client/voice"
	"crossband/proto"
)

// Each step is a frame or a hole at a time, in milliseconds; a frame's header must be as
// it says, counted from the first.
func TestPace(t *testing.T) {
	type step struct {
		at     int
		codec  voice.Codec // none: a hole
		begins bool
		seq    uint16
		stamp  uint32
		marker bool
	}
	const o, u, lost = voice.CodecOpus, voice.CodecPCMU, voice.CodecNone
	for what, steps := range map[string][]step{
		"frames follow each other, whatever the ticker does": {
			{0, o, true, 0, 0, true}, {20, o, false, 1, 960, false}, {75, o, false, 2, 1920, false}, {78, o, false, 3, 2880, false}, {80, o, false, 4, 3840, false}},
		"a lost frame takes its number and its time": {
			{0, o, true, 0, 0, true}, {20, lost, false, 0, 0, false}, {40, o, false, 2, 1920, false}},
		"the first frame is lost": {
			{0, lost, true, 0, 0, false}, {20, o, false, 1, 960, false}},
		"a pause between bursts is time": {
			{0, o, true, 0, 0, true}, {1000, o, true, 1, 48000, true}, {1020, o, false, 2, 48960, false}},
		"a short one too": {
			{0, o, true, 0, 0, true}, {45, o, true, 1, 1920, true}},
		"bursts without a pause": {
			{0, o, true, 0, 0, true}, {20, o, true, 1, 960, true}, {25, o, true, 2, 1920, true}},
		"a pause within a burst": {
			{0, o, true, 0, 0, true}, {500, o, false, 1, 24000, true}, {520, o, false, 2, 24960, false}},
		"two frames in the time of one": {
			{0, o, true, 0, 0, true}, {20, o, false, 1, 960, false}, {20, o, false, 2, 1920, false}, {40, o, false, 3, 2880, false}},
		"G.711 counts 8 kHz": {
			{0, u, true, 0, 0, true}, {20, u, false, 1, 160, false}, {1020, u, true, 2, 8160, true}},
		"another codec goes on from there": {
			{0, o, true, 0, 0, true}, {20, u, true, 1, 960, true}, {40, u, false, 2, 1120, false}, {1040, o, true, 3, 1280 + 49*960, true}},
	} {
		var p pace
		for i, s := range steps {
			now := time.Unix(1000, 0).Add(time.Duration(s.at) * time.Millisecond)
			if s.codec == lost {
				p.hole(now, s.begins)
				continue
			}
			if h := p.frame(now, s.codec, s.begins); h.SequenceNumber != s.seq || h.Timestamp != s.stamp || h.Marker != s.marker || h.Version != 2 {
				t.Errorf("%s, step %d: number %d, time %d, marker %t", what, i, h.SequenceNumber, h.Timestamp, h.Marker)
			}
		}
	}
}

// Numbers and times run over their ends.
func TestPaceRunsOver(t *testing.T) {
	p := pace{seq: 65535, stamp: 1<<32 - 960, due: time.Unix(1000, 0)}
	p.frame(time.Unix(1000, 0), voice.CodecOpus, false)
	if h := p.frame(time.Unix(1000, 0).Add(proto.VoiceFrame), voice.CodecOpus, false); h.SequenceNumber != 0 || h.Timestamp != 0 {
		t.Errorf("number %d, time %d", h.SequenceNumber, h.Timestamp)
	}
}
