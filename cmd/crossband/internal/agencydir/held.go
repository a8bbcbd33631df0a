package agencydir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"crossband/cmd/internal/relayd"
	"crossband/crypto/agreement"
	"crossband/proto"
	"crossband/relay"
)

// ErrNotHeld says that the folder holds no such agreement.
var ErrNotHeld = errors.New("no such agreement is held here")

// Held is an agreement in the folder.
type Held struct {
	agreement.File
	InForce     bool // the relay has been given it; else it lies on the shelf
	Withdrawals []proto.Withdrawal
}

// Documents reads what the relay is given.
func (d Dir) Documents() ([]relay.Document, error) { return relayd.LoadDocuments(d.relayAgreements()) }

// Agreements lists the agreements in the folder: what the relay has, and what waits
// for signatures. A file that cannot be read is an error with its name.
func (d Dir) Agreements() (list []Held, err error) {
	held, err := readHeld(d.relayAgreements(), true)
	if err != nil {
		return nil, err
	}
	waiting, err := readHeld(d.shelf(), false)
	if err != nil {
		return nil, err
	}
	for _, w := range waiting {
		if !holdsSince(held, &w.Agreement) {
			list = append(list, w)
		}
	}
	documents, err := d.Documents()
	if err != nil {
		return nil, err
	}
	for i := range held {
		for _, doc := range documents {
			read, err := (agreement.Judge{}).ReadDocument(doc.Kind, doc.Signed)
			if err == nil && read.Withdrawal != nil && read.Withdrawal.Agreement == held[i].Agreement.ID {
				held[i].Withdrawals = append(held[i].Withdrawals, *read.Withdrawal)
			}
		}
	}
	return append(held, list...), nil
}

// holdsSince reports whether a revision, or a later one, is held.
func holdsSince(held []Held, a *proto.Agreement) bool {
	for i := range held {
		if h := &held[i].Agreement; h.ID == a.ID && h.Revision >= a.Revision {
			return true
		}
	}
	return false
}

func readHeld(dir string, inForce bool) (list []Held, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != "."+proto.DocumentAgreement.String() {
			continue
		}
		octets, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		f, err := agreement.Parse(octets)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, e.Name()), err)
		}
		list = append(list, Held{File: f, InForce: inForce})
	}
	return list, nil
}

// Find returns the newest revision of the agreement whose identifier begins so.
func (d Dir) Find(prefix string) (Held, error) {
	list, err := d.Agreements()
	if err != nil {
		return Held{}, err
	}
	var found *Held
	for i := range list {
		h := &list[i]
		switch {
		case !strings.HasPrefix(h.Agreement.ID.String(), prefix):
		case found == nil || found.Agreement.ID == h.Agreement.ID && h.Agreement.Revision > found.Agreement.Revision:
			found = h
		case found.Agreement.ID != h.Agreement.ID:
			return Held{}, fmt.Errorf("%s: more than one agreement begins so", prefix)
		}
	}
	if found == nil || prefix == "" {
		return Held{}, fmt.Errorf("%s: %w", prefix, ErrNotHeld)
	}
	return *found, nil
}
