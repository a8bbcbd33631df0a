package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// lateShelf keeps late bursts from when they come until they are told of. Its zero
// value is empty.
type lateShelf struct {
	mu     sync.Mutex // guards bursts
	bursts map[proto.BurstID]client.LateBurst
}

// maxLate bounds the late bursts that nobody has been told of yet; beyond it one is
// told of and its voice not written.
const maxLate = 64

// Late implements client.LateSink.
func (l *lateShelf) Late(b client.LateBurst) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bursts == nil {
		l.bursts = make(map[proto.BurstID]client.LateBurst)
	}
	if len(l.bursts) < maxLate {
		l.bursts[b.Burst] = b
	}
}

func (l *lateShelf) take(id proto.BurstID) (client.LateBurst, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.bursts[id]
	delete(l.bursts, id)
	return b, ok
}

// tellLate prints a line for a burst that was missed, and writes it to a file of its
// own if that is wanted: it is no part of what was heard live. where names a channel that
// is not the one listened to.
func tellLate(e env, l *lateShelf, ev client.BurstLate, where, folder string) error {
	b, there := l.take(ev.Burst)
	e.note("late%s: %s said %.1f s at %s UTC, %s", where, shown(ev.From), ev.Length.Seconds(), ev.At.UTC().Format(time.TimeOnly), lateAuthenticity(ev))
	if folder == "" || !there {
		return nil
	}
	pcm, err := decodeLate(b)
	if err != nil {
		return err
	}
	name := filepath.Join(folder, fmt.Sprintf("late-%s-%s.wav", b.At.UTC().Format("20060102T150405"), b.Burst))
	return os.WriteFile(name, voice.EncodeWAV(pcm), 0o600)
}

func lateAuthenticity(ev client.BurstLate) string {
	what := "not all of it signed"
	switch {
	case ev.Forged > 0:
		what = fmt.Sprintf("WARNING: %d frames were not signed by this device and are left out", ev.Forged)
	case ev.Genuine:
		what = "signed by this device"
	}
	if !ev.Whole {
		what += "; parts are missing"
	}
	return what
}

// decodeLate decodes a burst; silence stands for what is missing or does not decode.
func decodeLate(b client.LateBurst) ([]int16, error) {
	d, err := voice.NewDecoder(b.Codec)
	if err != nil {
		return nil, err
	}
	pcm := make([]int16, 0, len(b.Payloads)*voice.FrameSamples)
	for _, p := range b.Payloads {
		frame := make([]int16, voice.FrameSamples)
		if p != nil {
			if decoded, err := d.Decode(p); err == nil {
				copy(frame, decoded)
			}
		}
		pcm = append(pcm, frame...)
	}
	return pcm, nil
}
