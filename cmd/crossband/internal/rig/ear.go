package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// Ear keeps what a device played.
type Ear struct {
	mu     sync.Mutex // held for the whole of every method
	played []client.Played
}

// Play implements client.Sink.
func (e *Ear) Play(p client.Played) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.PCM = append([]int16(nil), p.PCM...)
	e.played = append(e.played, p)
}

// Burst returns what was played of one burst.
func (e *Ear) Burst(id proto.BurstID) (list []client.Played) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.played {
		if p.Burst == id {
			list = append(list, p)
		}
	}
	return list
}

// PCM returns what was played of one burst as sound.
func (e *Ear) PCM(id proto.BurstID) (pcm []int16) {
	for _, p := range e.Burst(id) {
		pcm = append(pcm, p.PCM...)
	}
	return pcm
}

// Save writes all that the device has heard as one WAV file into a folder, if it has
// heard anything.
func (d *Device) Save(dir string) error {
	d.Ear.mu.Lock()
	defer d.Ear.mu.Unlock()
	var pcm []int16
	for _, p := range d.Ear.played {
		pcm = append(pcm, p.PCM...)
	}
	if len(pcm) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	n := d.Session.Name()
	return os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%s.wav", n.Agency, n.Role, n.Label)), voice.EncodeWAV(pcm), 0o600)
}
