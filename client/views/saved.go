package views

import (
	"encoding/binary"
	"time"
)

const savedView = 8 + len(Digest{}) // octets: epoch, digest

// Save returns our own epochs, at most PastEpochs of 40 octets each. What
// others said is not kept: they say it again within seconds.
func (b *Book) Save() []byte {
	out := make([]byte, 0, len(b.past)*savedView)
	for _, v := range b.past {
		out = binary.BigEndian.AppendUint64(out, v.epoch)
		out = append(out, v.digest[:]...)
	}
	return out
}

// Load takes in what Save returned. Epochs behind the last one count as left
// now. What does not read as epochs that follow each other is not taken.
func (b *Book) Load(saved []byte, now time.Time) {
	if len(saved)%savedView != 0 || len(saved) > PastEpochs*savedView {
		return
	}
	var past []view
	for ; len(saved) > 0; saved = saved[savedView:] {
		v := view{epoch: binary.BigEndian.Uint64(saved), digest: Digest(saved[8:savedView])}
		if n := len(past); n > 0 {
			if past[n-1].epoch+1 != v.epoch {
				return
			}
			past[n-1].left = now
		}
		past = append(past, v)
	}
	b.past = past
}
