package relaytest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"crossband/crypto/record"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
	"crossband/relay/store"
)

// junkLeaf is a certificate that anybody can make: it names whom it likes.
func junkLeaf(t *testing.T, uri string, readable bool) []byte {
	t.Helper()
	u, err := url.Parse(uri)
	ok(t, err)
	var key crypto.Signer
	if readable {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	ok(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), URIs: []*url.URL{u}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	ok(t, err)
	return der
}

// bucketed counts what a store holds in the bucket of a log.
func bucketed(t *testing.T, s store.Store, prefix string, o record.Origin) (n int) {
	t.Helper()
	ok(t, s.Scan(t.Context(), store.Bucket(prefix+o.String()), nil, func(_, _ []byte) bool { n++; return true }))
	return n
}

// answersOf counts the frames about records that have passed.
func answersOf(m *relaytest.Middle) (n int) {
	for _, p := range m.Seen() {
		if p.Frame.GetRecordAnswer() != nil || p.Frame.GetRecordEntries() != nil {
			n++
		}
	}
	return n
}

// recordLie bends each answer about records that reaches the hub's relay, runs an
// incident, five texts and a restart, and returns what is in the record then.
func recordLie(t *testing.T, bend func(*wire.RecordAnswer)) (kept int, faults uint64, ours *record.Report) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		i := happen(t, b)
		before := len(fetched(t, i.agent, i.id).Logs[0].Entries)
		m.Tamper(func(p relaytest.Passing) []*wire.Frame {
			if a := p.Frame.GetRecordAnswer(); a != nil {
				bend(a)
			}
			return []*wire.Frame{p.Frame}
		})
		here := i.agent.Channel(i.channel)
		for range 5 {
			_, err := here.Text(minute(t), "after")
			ok(t, err)
			time.Sleep(3 * time.Second)
		}
		faults = b.us.Node.Stats().RecordFaults
		b.us.Crash()
		b.us.Restart()
		time.Sleep(45 * time.Second)
		_, err := here.Text(minute(t), "after the restart")
		ok(t, err)
		time.Sleep(3 * time.Second)
		x := fetched(t, i.agent, i.id)
		kept, ours = len(x.Logs[0].Entries)-before, verified(t, b, x)
	})
	return kept, faults, ours
}

// One partner's lies in its answers stop no record: what it says of what it holds is
// not proven, and a checkpoint that our own relay has not signed is nobody's word.
func TestAPartnersLieStopsNoRecord(t *testing.T) {
	forged := func(size uint64, lines ...record.NoteSignature) func(a *wire.RecordAnswer) {
		return func(a *wire.RecordAnswer) {
			c, err := record.ParseCheckpoint(a.Checkpoint)
			if err != nil {
				return
			}
			c.Size, c.Signatures = size, lines
			a.Checkpoint = c.Note()
		}
	}
	for what, bend := range map[string]func(*wire.RecordAnswer){
		"it holds more than was ever written": func(a *wire.RecordAnswer) { a.Held, a.Checkpoint = 1<<40, nil },
		"a checkpoint signed by nobody":       forged(5000, record.NoteSignature{Name: "nobody.example/relay/x", Bytes: []byte("x")}),
		"a checkpoint with our name under it": forged(5000, record.NoteSignature{Name: "usbp.example/relay/r1", Bytes: []byte("x")}),
		"a fault that is none":                func(a *wire.RecordAnswer) { a.Fault, a.Detail = "eaten by a dog", strings.Repeat("x", 10_000) },
		"it holds nothing, again and again":   func(a *wire.RecordAnswer) { a.Held, a.Checkpoint, a.Fault = 0, nil, string(record.Gap) },
		"a checkpoint that is not one":        func(a *wire.RecordAnswer) { a.Checkpoint = []byte("none") },
		"a chain that is not one":             func(a *wire.RecordAnswer) { a.Chain = nil },
		"somebody else's chain for its own": func(a *wire.RecordAnswer) {
			a.Chain = &wire.CertificateChain{Certificates: a.GetChain().GetCertificates()[min(1, len(a.GetChain().GetCertificates())):]}
		},
		"another log's name over the same note": func(a *wire.RecordAnswer) { a.Agency = "gn.example" },
	} {
		t.Run(what, func(t *testing.T) {
			kept, faults, r := recordLie(t, bend)
			if kept < 6 || !r.Intact() || r.Logs[0].Signed != r.Logs[0].Entries {
				t.Errorf("%d of 6 texts are recorded; %d of %d entries signed: %v", kept, r.Logs[0].Signed, r.Logs[0].Entries, r.Findings)
			}
			if faults > 3 {
				t.Errorf("%d alarms about one lie", faults)
			}
		})
	}
}

// A follower that answers with certificates of nobody fills no disk, keeps no exchange
// going, and does not make our own export look tampered with.
func TestAPartnersJunkCertificatesAreNotKept(t *testing.T) {
	long(t)
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		m.Tamper(func(p relaytest.Passing) []*wire.Frame {
			if a := p.Frame.GetRecordAnswer(); a != nil && len(a.Checkpoint) > 0 {
				a.Chain = &wire.CertificateChain{Certificates: [][]byte{junkLeaf(t, "spiffe://gn.example/relay/somebody", true)}}
			}
			return []*wire.Frame{p.Frame}
		})
		i := happen(t, b)
		before := answersOf(m)
		time.Sleep(10 * time.Minute)
		if n := answersOf(m) - before; n > 150 { // two frames in each AnswerTimeout, and some
			t.Errorf("%d frames in ten quiet minutes", n)
		}
		if n := bucketed(t, b.us.Store, "record-chains/", record.Origin{Agency: b.us.Name, Incident: i.id}); n > 4 {
			t.Errorf("%d certificates are kept in our own log", n)
		}
		if r := verified(t, b, fetched(t, i.agent, i.id)); !r.Intact() {
			t.Errorf("our own export: %v", r.Findings)
		}
	})
}

// A record that everybody has cosigned makes no traffic until something happens.
func TestAQuietRecordMakesNoTraffic(t *testing.T) {
	long(t)
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		i := happen(t, b)
		time.Sleep(time.Minute)
		before := answersOf(m)
		time.Sleep(2 * time.Hour)
		if n := answersOf(m) - before; n != 0 {
			t.Errorf("%d frames about a record to which nothing was added", n)
		}
		_, err := i.agent.Channel(i.channel).Text(minute(t), "one more")
		ok(t, err)
		time.Sleep(5 * time.Second)
		if n := answersOf(m) - before; n == 0 || n > 8 {
			t.Errorf("%d frames for one more entry", n)
		}
	})
}

// What a hostile sequencer puts beside its checkpoint, certificates of nobody and lines
// that are not good, is not kept: the follower's own export stays as good as what it
// has verified.
func TestASequencersJunkIsNotKept(t *testing.T) {
	var m *relaytest.Middle
	runWith(t, 1, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, b *border) {
		junk := [][]byte{
			junkLeaf(t, "spiffe://gn.example/relay/somebody", false),
			junkLeaf(t, "spiffe://rcmp.example/relay/r1", true),
		}
		m.Tamper(func(p relaytest.Passing) []*wire.Frame {
			if e := p.Frame.GetRecordEntries(); e != nil && p.Toward == b.mx.Name {
				for _, leaf := range junk {
					e.Chains = append([]*wire.CertificateChain{{Certificates: [][]byte{leaf}}}, e.Chains...)
				}
				c, err := record.ParseCheckpoint(e.Checkpoint)
				if err != nil {
					return nil
				}
				for _, s := range c.Signatures[1:] {
					s.Bytes[len(s.Bytes)-1] ^= 1
				}
				c.Signatures = append(c.Signatures, record.NoteSignature{Name: "nobody.example/relay/x", Bytes: []byte("x")})
				e.Checkpoint = c.Note()
			}
			return []*wire.Frame{p.Frame}
		})
		i := happen(t, b)
		x := fetched(t, i.guard, i.id)
		if r := verified(t, b, x); !r.Intact() || r.Logs[0].Entries < 10 || r.Logs[0].Signed != r.Logs[0].Entries {
			t.Errorf("%d entries, %d signed: %v", r.Logs[0].Entries, r.Logs[0].Signed, r.Findings)
		}
		for _, c := range x.Chains {
			for _, leaf := range junk {
				if string(c[0]) == string(leaf) {
					t.Error("a certificate of nobody is in the follower's record")
				}
			}
		}
	})
}
