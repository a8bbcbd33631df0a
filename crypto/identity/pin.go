package identity

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crossband/proto"
)

// PinStore is a folder with one bundle for every partner agency: the root
// that was confirmed by voice, and what has followed from it since. One
// goroutine uses it at a time.
type PinStore struct{ dir string }

const pinSuffix = ".bundle"

// OpenPinStore opens the folder, making it if it is missing.
func OpenPinStore(dir string) (*PinStore, error) {
	if err := ensureDir(dir); err != nil {
		return nil, err
	}
	return &PinStore{dir}, nil
}

func (p *PinStore) path(a proto.Agency) string { return filepath.Join(p.dir, string(a)+pinSuffix) }

// Pin trusts an agency for the first time. confirmed is the fingerprint that
// was compared by voice; a bundle with another root is refused as PinChanged.
// If the agency is pinned already, Pin does what Update does.
func (p *PinStore) Pin(b *Bundle, confirmed Fingerprint, now time.Time) error {
	if b.Fingerprint() != confirmed {
		return refuse(PinChanged, "the bundle of %s has root %s, confirmed was %s", b.Agency, b.Fingerprint(), confirmed)
	}
	held, err := p.Bundle(b.Agency)
	if err != nil {
		return err
	}
	if held != nil {
		return p.Update(b, now)
	}
	all, err := p.Bundles()
	if err != nil {
		return err
	}
	if len(all) >= MaxAgencies-1 {
		return refuse(TooLarge, "%d agencies are pinned, there is room for no more", len(all))
	}
	if err := checkDates(b.Root, "the root of "+string(b.Agency), now); err != nil {
		return err
	}
	return replaceFile(p.path(b.Agency), b.text)
}

// Update takes a newer bundle of a pinned agency. Another root is refused as
// PinChanged unless roll-overs signed by the pinned one lead to it; an older
// bundle, or another of the same sequence, is refused as Stale.
func (p *PinStore) Update(b *Bundle, now time.Time) error {
	held, err := p.Bundle(b.Agency)
	if err != nil {
		return err
	}
	if held == nil {
		return refuse(UnknownAuthority, "agency %s is not pinned; confirm its fingerprint first", b.Agency)
	}
	if bytes.Equal(held.text, b.text) {
		return nil
	}
	if !b.descends(held.Fingerprint()) {
		return refuse(PinChanged, "the bundle of %s has root %s and no roll-over from the pinned root %s",
			b.Agency, b.Fingerprint(), held.Fingerprint())
	}
	if b.Sequence <= held.Sequence {
		return refuse(Stale, "bundle %d of %s does not follow bundle %d, which is pinned", b.Sequence, b.Agency, held.Sequence)
	}
	if err := checkDates(b.Root, "the root of "+string(b.Agency), now); err != nil {
		return err
	}
	return replaceFile(p.path(b.Agency), b.text)
}

// Unpin ends the trust in an agency. Unpinning one that is not pinned does
// nothing.
func (p *PinStore) Unpin(a proto.Agency) error {
	if _, err := proto.ParseAgency(string(a)); err != nil {
		return refuse(BadName, "%v", err)
	}
	if err := os.Remove(p.path(a)); err != nil && !missing(err) {
		return fmt.Errorf("unpin %s: %w", a, err)
	}
	return syncDir(p.dir)
}

// Bundle returns the pinned bundle of an agency, or nil if it is not pinned.
func (p *PinStore) Bundle(a proto.Agency) (*Bundle, error) {
	data, err := readFile(p.path(a))
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pin of %s: %w", a, err)
	}
	b, err := ParseBundle(data)
	if err != nil {
		return nil, within("pin of "+string(a), err)
	}
	if b.Agency != a {
		return nil, refuse(WrongAgency, "pin of %s holds the bundle of %s", a, b.Agency)
	}
	return b, nil
}

// Bundles returns all pinned bundles, by agency name.
func (p *PinStore) Bundles() ([]*Bundle, error) {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, fmt.Errorf("read pins: %w", err)
	}
	var all []*Bundle
	for _, e := range entries {
		agency, ok := strings.CutSuffix(e.Name(), pinSuffix)
		if !ok || strings.HasPrefix(agency, ".") {
			continue // a temporary file that a crash left
		}
		b, err := p.Bundle(proto.Agency(agency))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}
