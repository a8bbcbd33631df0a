package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
)

// SQLite's log has frames of one page each, chained by checksums; everything
// from the first frame that does not fit is taken for a torn tail and dropped
// without a word (sqlite.org/fileformat2.html, section 4). After a power cut
// that is right: the tail was never synced, nobody was told. After a flipped
// bit it silently drops everything acknowledged since.
//
// The two can be told apart. The frames of one transaction are synced before
// the first of the next is written. So where a frame does not fit, and behind
// it stand the end of its transaction and then yet another frame of the same
// log, that transaction had been synced, and was damaged later.

const (
	walHeader   = 32
	frameHeader = 24
)

// walLog is the content of a log file.
type walLog struct {
	octets []byte
	order  binary.ByteOrder // of the words that are summed
	page   int
	salt   [8]byte
}

// mendLog looks at the log of a store that is not open. Where synced frames
// were damaged it keeps a copy of the log and sets the checksums anew, so that
// SQLite takes all of it; the checks of pages and records then find what the
// damage hit.
func mendLog(path string, log *slog.Logger) error {
	octets, err := os.ReadFile(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	w, ok := parseLog(octets)
	if !ok {
		return nil
	}
	bad, last, damaged := w.damage()
	if !damaged {
		return nil
	}
	kept := path + ".damaged-" + stamp() + "-log"
	log.Error("log of the store damaged: taken as it stands, records are checked", "frame", bad, "of", last+1, "kept", kept)
	if err := writeSynced(kept, octets, os.O_CREATE|os.O_EXCL); err != nil {
		return fmt.Errorf("store: keep the damaged log: %w", err)
	}
	w.seal(last)
	if err := writeSynced(path+"-wal", w.octets, 0); err != nil {
		return fmt.Errorf("store: mend the log: %w", err)
	}
	return syncDir(path)
}

func writeSynced(path string, octets []byte, flags int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|flags, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(octets)
	return errors.Join(err, f.Sync(), f.Close())
}

// parseLog refuses what has no header; SQLite ignores such a log. The header
// is synced before any frame is written.
func parseLog(octets []byte) (*walLog, bool) {
	if len(octets) < walHeader {
		return nil, false
	}
	w := &walLog{octets: octets, order: binary.LittleEndian, page: int(binary.BigEndian.Uint32(octets[8:]))}
	magic := binary.BigEndian.Uint32(octets)
	if magic&1 == 1 {
		w.order = binary.BigEndian
	}
	copy(w.salt[:], octets[16:])
	if magic&^1 != 0x377f0682 || w.page < 512 || w.page > 65536 || w.page&(w.page-1) != 0 {
		return nil, false
	}
	return w, true
}

func (w *walLog) frames() int { return (len(w.octets) - walHeader) / (frameHeader + w.page) }

func (w *walLog) frame(i int) []byte {
	at := walHeader + i*(frameHeader+w.page)
	return w.octets[at : at+frameHeader+w.page]
}

// ours reports whether the frame belongs to this log and not to what the file
// held before it was begun anew.
func (w *walLog) ours(frame []byte) bool { return [8]byte(frame[8:16]) == w.salt }

// ends reports whether the frame is the last of a transaction.
func ends(frame []byte) bool { return binary.BigEndian.Uint32(frame[4:]) != 0 }

// damage returns the first frame that does not fit and the last that ends a
// transaction, and whether the former is damaged rather than torn. A header
// that does not fit spoils all frames.
func (w *walLog) damage() (bad, last int, damaged bool) {
	bad, last = -1, -1
	s, fits := w.headerSum()
	ended := false // a transaction, at bad or behind it
	for i := range w.frames() {
		f := w.frame(i)
		if fits {
			s = w.frameSum(s, f)
			fits = w.ours(f) && s == storedSum(f[16:])
		}
		if !fits && bad < 0 {
			bad = i
		}
		if !w.ours(f) {
			continue
		}
		damaged = damaged || ended
		if ends(f) {
			last = i
			ended = ended || bad >= 0
		}
	}
	return bad, last, damaged
}

// seal sets salts and checksums of the header and of all frames to the last
// and cuts the rest off.
func (w *walLog) seal(last int) {
	s := w.sum([2]uint32{}, w.octets[:24])
	putSum(w.octets[24:], s)
	for i := range last + 1 {
		f := w.frame(i)
		copy(f[8:16], w.salt[:])
		s = w.frameSum(s, f)
		putSum(f[16:], s)
	}
	for i := last + 1; i < w.frames(); i++ {
		clear(w.frame(i))
	}
}

func (w *walLog) headerSum() ([2]uint32, bool) {
	s := w.sum([2]uint32{}, w.octets[:24])
	return s, s == storedSum(w.octets[24:])
}

func (w *walLog) frameSum(s [2]uint32, f []byte) [2]uint32 {
	return w.sum(w.sum(s, f[:8]), f[frameHeader:])
}

// sum is the checksum of fileformat2, section 4.2.
func (w *walLog) sum(s [2]uint32, octets []byte) [2]uint32 {
	for i := 0; i+8 <= len(octets); i += 8 {
		s[0] += w.order.Uint32(octets[i:]) + s[1]
		s[1] += w.order.Uint32(octets[i+4:]) + s[0]
	}
	return s
}

func storedSum(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

func putSum(b []byte, s [2]uint32) {
	binary.BigEndian.PutUint32(b, s[0])
	binary.BigEndian.PutUint32(b[4:], s[1])
}
