package record

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"path/filepath"
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// noon is when most tests happen.
func noon() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must passes a value through and stops the test on an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

// failed keeps the error of a call whose value does not matter.
func failed[T any](_ T, err error) error { return err }

func wantFault(t testing.TB, err error, f Fault, why string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: accepted, want a refusal: %s", why, f)
	} else if FaultOf(err) != f {
		t.Errorf("%s: fault is %q, want %s (%v)", why, FaultOf(err), f, err)
	}
}

func name(t testing.TB, s string) proto.Name {
	t.Helper()
	return must(proto.ParseName("spiffe://" + s))(t)
}

// border is three agencies: that of the hub, a partner, and one that has no
// part in the incident.
type border struct {
	us, mx, ca   *identity.Authority
	hub, partner *identity.Identity // relays of us and mx
	stranger     *identity.Identity // a relay of ca
	unit, desk   *identity.Identity
	origin       Origin
	trust        *identity.TrustStore
	judge        Judge // trust, remembering
	bundles      []*identity.Bundle
	parties      []proto.Agency
}

func newBorder(t testing.TB) *border {
	t.Helper()
	b := &border{us: authority(t, "usbp.example"), mx: authority(t, "gn.example"), ca: authority(t, "rcmp.example")}
	b.hub = issue(t, b.us, "usbp.example/relay/eagle-pass-1", noon())
	b.partner = issue(t, b.mx, "gn.example/relay/piedras-negras-1", noon())
	b.stranger = issue(t, b.ca, "rcmp.example/relay/osoyoos-1", noon())
	b.unit = issue(t, b.us, "usbp.example/unit/del-rio-214", noon())
	b.desk = issue(t, b.mx, "gn.example/desk/acuna", noon())
	b.bundles = []*identity.Bundle{b.us.Bundle(), b.mx.Bundle(), b.ca.Bundle()}
	b.trust = must(identity.NewTrustStore(b.bundles[0], b.bundles[1:]...))(t)
	b.judge = &remembering{judge: b.trust, seen: map[Digest]span{}}
	b.origin = Origin{"usbp.example", proto.IncidentID{1, 2, 3}}
	b.parties = []proto.Agency{"gn.example", "usbp.example"}
	return b
}

func authority(t testing.TB, a proto.Agency) *identity.Authority {
	t.Helper()
	return must(identity.InitAuthority(filepath.Join(t.TempDir(), "authority"), a, noon(), identity.AuthorityOptions{}))(t)
}

func issue(t testing.TB, a *identity.Authority, who string, at time.Time) *identity.Identity {
	t.Helper()
	return issueFor(t, a, who, must(identity.GenerateKey(elliptic.P256()))(t), at)
}

func issueFor(t testing.TB, a *identity.Authority, who string, key *ecdsa.PrivateKey, at time.Time) *identity.Identity {
	t.Helper()
	csr := must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key))(t)
	chain := must(a.Issue(csr, name(t, who), at))(t)
	return must(identity.NewIdentity(chain, key, a.Bundle(), nil, at))(t)
}

func (b *border) opened() *Opened {
	return &Opened{Incident: b.origin.Incident, Parties: b.parties, Channel: proto.ChannelID{7}}
}

// at is the time of an entry: a second after the one before.
func at(i int) time.Time { return noon().Add(time.Duration(i) * time.Second) }

// body is what entry i says, of many kinds in turn.
func (b *border) body(i int) Body {
	d := DigestOf([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
	switch {
	case i == 0:
		return b.opened()
	case i%3 == 0:
		return &FloorGranted{proto.ChannelID{7}, proto.BurstID(d[:8]), proto.PriorityUrgent, i%2 == 0}
	case i%3 == 1:
		return &FloorReleased{proto.ChannelID{7}, proto.BurstID(d[:8]), 0}
	}
	return &Text{proto.ChannelID{7}, proto.MessageID(d[:16]), d, Commit(salt(i), content(i))}
}

func salt(i int) [SaltLen]byte { return DigestOf([]byte{'s', byte(i), byte(i >> 8)}) }
func content(i int) []byte     { return []byte{'c', byte(i), byte(i >> 8)} }

// history is a log with all its lines and checkpoints.
type history struct {
	log   *Log
	lines [][]byte
	notes [][]byte
}

// write makes a log of n entries with cosigned checkpoints after the given
// sizes. change may put another body in place of the usual one.
func (b *border) write(t testing.TB, n int, sizes []int, change func(i int, body Body) Body) *history {
	t.Helper()
	h := &history{log: NewLog(b.origin)}
	r := NewReplica(b.origin)
	for i := range n {
		body := b.body(i)
		if change != nil {
			body = change(i, body)
		}
		e := must(h.log.Append(at(i), b.unit.Name, b.hub.Name, body))(t)
		h.lines = append(h.lines, e.Line())
		must(r.Take(e.Line()))(t)
		for _, s := range sizes {
			if s == i+1 {
				cp := must(h.log.Checkpoint(b.hub, at(i)))(t)
				cp = must(r.Cosign(cp.Note(), b.hub.Chain, b.trust, b.partner, at(i)))(t)
				h.notes = append(h.notes, cp.Note())
			}
		}
	}
	return h
}

// export makes an export of a history.
func (b *border) export(h *history) *Export {
	return &Export{
		Incident: b.origin.Incident,
		From:     b.hub.Name,
		Logs:     []ExportedLog{{Origin: b.origin, Entries: append([][]byte(nil), h.lines...), Checkpoints: h.notes}},
		Chains:   [][][]byte{b.hub.Chain, b.partner.Chain, b.unit.Chain},
	}
}

func (b *border) verify(t testing.TB, exports ...*Export) *Report {
	t.Helper()
	return must(Verify(exports, b.bundles))(t)
}

// reread writes an export and reads it.
func reread(t testing.TB, x *Export) *Export {
	t.Helper()
	var file bytes.Buffer
	ok(t, WriteExport(&file, x))
	return must(ReadExport(&file))(t)
}
