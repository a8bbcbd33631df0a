package demo

import (
	"encoding/binary"
	"fmt"

	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
)

// canaries are what must be nowhere in a relay: the words typed, and the speech
// as it was coded and as it sounds.
type canaries struct{ typed string }

// patterns returns what to search for. Of the speech, pieces from the middle of
// several frames: long enough not to occur by chance.
func (c canaries) patterns() ([][]byte, error) {
	list := [][]byte{[]byte(c.typed)}
	for _, name := range []string{clip.HailEnglish, clip.AnswerSpanish} {
		spoken, err := clip.Get(name)
		if err != nil {
			return nil, err
		}
		file, err := voice.ParseOggOpus(spoken.Ogg)
		if err != nil {
			return nil, err
		}
		pcm, err := Decode(spoken.Ogg)
		if err != nil {
			return nil, err
		}
		for i := 20; i < len(file.Packets) && i < 120; i += 20 {
			if p := file.Packets[i]; len(p) >= 24 {
				list = append(list, p[4:24])
			}
			list = append(list, samples(pcm[i*voice.FrameSamples:][:16]))
		}
	}
	return list, nil
}

func samples(pcm []int16) []byte {
	var b []byte
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// searchRelays searches the running relays' memory, all their files and all
// their traffic for the canaries. As a check of the search itself it also looks
// for what a relay must know, the calling channel's title: not finding that is
// a failure.
func (s *scene) searchRelays() error {
	if s.canary.typed == "" {
		return nil // an earlier step failed: there is nothing to look for
	}
	list, err := s.canary.patterns()
	if err != nil {
		return err
	}
	b := &s.report.Blind
	for _, a := range s.agencies {
		for _, p := range list {
			hits, _ := a.tap.Find(p)
			b.CanaryHits += hits
		}
		_, octets := a.tap.Find(list[0])
		b.TrafficOctets += octets
		onDisk, controls, octets, err := a.searchDisk([]byte(s.title), list)
		if err != nil {
			return fmt.Errorf("search the files of %s: %w", a.Name, err)
		}
		b.DiskHits += onDisk
		b.CanaryHits += onDisk
		b.DiskControl += controls
		b.DiskOctets += octets
		found, octets, err := searchMemory(a.pid(), append([][]byte{[]byte(s.title)}, list...))
		if err != nil {
			b.Memory = fmt.Sprintf("not searched: %v", err)
			continue
		}
		b.Memory = "searched"
		b.MemoryOctets += octets
		b.ControlHits += found[0]
		for _, n := range found[1:] {
			b.CanaryHits += n
		}
	}
	s.say("blind", "%d patterns searched in %d MB of three relays' memory, %d MB of their files and %d MB of traffic: %d found (a title that they know: %d times in memory, %d on disk)",
		len(list), b.MemoryOctets>>20, b.DiskOctets>>20, b.TrafficOctets>>20, b.CanaryHits, b.ControlHits, b.DiskControl)
	return nil
}
