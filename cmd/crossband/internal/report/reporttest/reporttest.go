// Package reporttest makes records of incidents for tests: with identities,
// signatures and cosignatures that hold.
package reporttest

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"path/filepath"
	"testing"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/client/phrase"
	"crossband/crypto/identity"
	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
)

// Noon is when every record of this package begins; each entry comes 1,254 ms
// after the one before.
func Noon() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

const step = 1254 * time.Millisecond

// Border is two agencies, a relay of each, and a unit and a desk. The first one's
// relay sequences.
type Border struct {
	US, MX   *identity.Authority
	hub      *identity.Identity
	partner  *identity.Identity
	unit     *identity.Identity
	Desk     proto.Name
	Incident proto.IncidentID
	trust    *identity.TrustStore
}

// Calling and Channel are where it happens.
func Calling() proto.ChannelID { return proto.ChannelID{0xca, 0x11, 0x1c, 0x9f} }

// Channel is the incident's.
func Channel() proto.ChannelID { return proto.ChannelID{0x1c, 0x1d, 0xe0, 0x07} }

// NewBorder makes the agencies and their devices.
func NewBorder(t testing.TB) *Border {
	t.Helper()
	b := &Border{US: authority(t, "usbp.example"), MX: authority(t, "gn.example"), Incident: proto.IncidentID{1, 2, 3}}
	b.hub = issue(t, b.US, "usbp.example/relay/eagle-pass-1")
	b.partner = issue(t, b.MX, "gn.example/relay/piedras-negras-1")
	b.unit = issue(t, b.US, "usbp.example/unit/del-rio-214")
	b.Desk = Name(t, "gn.example/desk/acuna")
	var err error
	b.trust, err = identity.NewTrustStore(b.US.Bundle(), b.MX.Bundle())
	ok(t, err)
	return b
}

// Unit is who calls.
func (b *Border) Unit() proto.Name { return b.unit.Name }

// Bundles are those of both agencies.
func (b *Border) Bundles() []*identity.Bundle {
	return []*identity.Bundle{b.US.Bundle(), b.MX.Bundle()}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Name reads AGENCY/ROLE/LABEL.
func Name(t testing.TB, s string) proto.Name {
	t.Helper()
	n, err := proto.ParseName("spiffe://" + s)
	ok(t, err)
	return n
}

func authority(t testing.TB, a proto.Agency) *identity.Authority {
	t.Helper()
	made, err := identity.InitAuthority(filepath.Join(t.TempDir(), "authority"), a, Noon(), identity.AuthorityOptions{})
	ok(t, err)
	return made
}

func issue(t testing.TB, a *identity.Authority, who string) *identity.Identity {
	t.Helper()
	key, err := identity.GenerateKey(elliptic.P256())
	ok(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	ok(t, err)
	chain, err := a.Issue(csr, Name(t, who), Noon())
	ok(t, err)
	id, err := identity.NewIdentity(chain, key, a.Bundle(), nil, Noon())
	ok(t, err)
	return id
}

// Entry is one entry to be written. With Says the body's commitment is made, and
// the content is revealed unless Hidden.
type Entry struct {
	Actor  proto.Name // zero: the hub's relay
	Body   record.Body
	Says   *wire.Message
	Hidden bool
}

// Said is a message of the phrasebook with a note.
func Said(t testing.TB, slug, note string, slots ...phrase.Slot) *wire.Message {
	t.Helper()
	code, known := phrase.Lookup(slug)
	if !known {
		t.Fatalf("no phrase %q", slug)
	}
	c, err := phrase.Compose(code, slots...)
	ok(t, err)
	octets, err := c.AppendTo(nil)
	ok(t, err)
	return &wire.Message{Body: &wire.Message_Phrase{Phrase: octets}, Note: note}
}

// Wrote is a text.
func Wrote(text string) *wire.Message {
	return &wire.Message{Body: &wire.Message_Text{Text: text}}
}

// Burst is an entry of what the unit said, signed by its device.
func (b *Border) Burst(t testing.TB, id proto.BurstID, milliseconds uint32) Entry {
	t.Helper()
	body := &record.Burst{Channel: Channel(), Burst: id, Digest: record.DigestOf(id[:]), Milliseconds: milliseconds}
	var err error
	body.Signature, body.Certificate, err = record.SignBurst(b.unit, record.BurstStatement{
		Incident: b.Incident, Channel: body.Channel, Burst: id, Digest: body.Digest,
	})
	ok(t, err)
	return Entry{Actor: b.unit.Name, Body: body}
}

// Record writes the entries into the first agency's log, after the one that opens
// it, with a checkpoint over all of them that the partner has cosigned.
func (b *Border) Record(t testing.TB, exercise bool, entries ...Entry) *record.Export {
	t.Helper()
	origin := record.Origin{Agency: "usbp.example", Incident: b.Incident}
	log, follower := record.NewLog(origin), record.NewReplica(origin)
	opened := Entry{Body: &record.Opened{Incident: b.Incident, Exercise: exercise, Parties: []proto.Agency{"gn.example", "usbp.example"}, Channel: Calling()}}
	l, at := record.ExportedLog{Origin: origin}, Noon()
	for n, e := range append([]Entry{opened}, entries...) {
		at = Noon().Add(time.Duration(n) * step)
		if e.Says != nil {
			l.Reveals = append(l.Reveals, commit(t, n, e)...)
		}
		actor := e.Actor
		if actor == (proto.Name{}) {
			actor = b.hub.Name
		}
		made, err := log.Append(at, actor, b.hub.Name, e.Body)
		ok(t, err)
		_, err = follower.Take(made.Line())
		ok(t, err)
		l.Entries = append(l.Entries, made.Line())
	}
	cp, err := log.Checkpoint(b.hub, at)
	ok(t, err)
	cp, err = follower.Cosign(cp.Note(), b.hub.Chain, b.trust, b.partner, at)
	ok(t, err)
	l.Checkpoints = [][]byte{cp.Note()}
	return &record.Export{
		Incident: b.Incident, Exercise: exercise, From: b.Desk, Logs: []record.ExportedLog{l},
		Chains: [][][]byte{b.hub.Chain, b.partner.Chain, b.unit.Chain},
	}
}

// commit puts the commitment into the body of entry n, and returns what reveals it.
func commit(t testing.TB, n int, e Entry) []record.Reveal {
	t.Helper()
	content, err := pb.MarshalOptions{Deterministic: true}.Marshal(e.Says)
	ok(t, err)
	salt := record.DigestOf([]byte{'s', byte(n)})
	commitment, sealed := record.Commit(salt, content), record.DigestOf([]byte{'m', byte(n)})
	switch body := e.Body.(type) {
	case *record.Hail:
		body.Commitment, body.Sealed = commitment, sealed
	case *record.Reply:
		body.Commitment, body.Sealed = commitment, sealed
	case *record.Text:
		body.Commitment, body.Sealed = commitment, sealed
	default:
		t.Fatalf("entry %d, %T, has no content", n, body)
	}
	if e.Hidden {
		return nil
	}
	return []record.Reveal{{Index: uint64(n), Salt: salt[:], Content: content}}
}
