package record

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"crossband/crypto/identity"
)

// TestAReplicaTakesEntriesInOrder: each once, none that does not follow.
func TestAReplicaTakesEntriesInOrder(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 10, nil, nil)
	other := b.write(t, 10, nil, func(i int, body Body) Body {
		if i == 5 {
			return &Closed{"another history"}
		}
		return body
	})
	r := NewReplica(b.origin)
	take := func(line []byte) func() error { return func() error { return failed(r.Take(line)) } }
	unchanged(t, r.State, "the second entry first", take(h.lines[1]), Gap)
	for _, l := range h.lines[:6] {
		must(r.Take(l))(t)
	}
	unchanged(t, r.State, "an entry again", take(h.lines[3]), Duplicate)
	unchanged(t, r.State, "the newest entry again", take(h.lines[5]), Duplicate)
	unchanged(t, r.State, "another entry of an index that is held", take(other.lines[5]), Forked)
	unchanged(t, r.State, "an entry after one that is missing", take(h.lines[7]), Gap)
	unchanged(t, r.State, "the next entry of another history", take(other.lines[6]), Forked)
	unchanged(t, r.State, "a line that is no entry", take([]byte("{}")), Malformed)
	unchanged(t, r.State, "an entry cut short", take(h.lines[6][:100]), Malformed)
	unchanged(t, r.State, "an entry too long", take(make([]byte, MaxEntry+1)), TooLarge)
	far := NewLog(b.origin)
	far.chain, far.recent = r.chain, r.recent
	late := must(far.Append(at(5).Add(-Skew-time.Second), b.unit.Name, b.hub.Name, &ClockSet{Was: at(5)}))(t)
	early := must(far.Append(at(5).Add(-Skew-time.Second), b.unit.Name, b.hub.Name, &Closed{"x"}))(t)
	must(r.Take(late.Line()))(t)
	must(r.Take(early.Line()))(t)
	if r.Size() != 8 || !r.Closed() {
		t.Errorf("size %d, closed %t", r.Size(), r.Closed())
	}
	elsewhere := NewReplica(Origin{"gn.example", b.origin.Incident})
	wantFault(t, failed(elsewhere.Take(h.lines[0])), Forked, "the first entry of another log")
}

// TestATimeThatGoesBackIsNotTaken although the sequencer sent it.
func TestATimeThatGoesBackIsNotTaken(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 3, nil, nil)
	r := NewReplica(b.origin)
	for _, l := range h.lines {
		must(r.Take(l))(t)
	}
	e := Entry{Index: 3, Prev: r.chain.last, Actor: b.unit.Name, Place: b.hub.Name, Body: &Closed{"x"}}
	e.Time = at(2).Add(-Skew - time.Millisecond)
	ok(t, e.encode())
	unchanged(t, r.State, "too far back", func() error { return failed(r.Take(e.Line())) }, TimeBack)
	e.Time = at(2).Add(-Skew)
	ok(t, e.encode())
	must(r.Take(e.Line()))(t)
}

// TestACosignerKeepsItsWord: never two histories, never a smaller head, never
// what it does not hold, and a refusal changes nothing.
func TestACosignerKeepsItsWord(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 400, []int{50, 256, 300, 390, 400}, nil)
	other := b.write(t, 400, []int{300, 390}, func(i int, body Body) Body {
		if i == 299 {
			return &Closed{"another history"}
		}
		return body
	})
	r := NewReplica(b.origin)
	for _, l := range h.lines[:390] {
		must(r.Take(l))(t)
	}
	cosign := func(note []byte, now time.Time) func() error {
		return func() error { return failed(r.Cosign(plainNote(t, note), b.hub.Chain, b.trust, b.partner, now)) }
	}
	now := at(400)
	unchanged(t, r.State, "entries that have not come", cosign(h.notes[4], now), Gap)
	unchanged(t, r.State, "too old to be compared", cosign(h.notes[0], now), Passed)
	unchanged(t, r.State, "another history, overtaken", cosign(other.notes[0], now), Forked)
	ok(t, cosign(h.notes[1], now)()) // entries have overtaken it; it is the oldest that is remembered
	ok(t, cosign(h.notes[2], now)())
	early := must(RestoreReplica(r.State()))(t)
	must(early.Cosign(plainNote(t, h.notes[2]), b.hub.Chain, b.trust, b.partner, now))(t)
	wantFault(t, failed(early.Cosign(plainNote(t, other.notes[0]), b.hub.Chain, b.trust, b.partner, now)), Forked, "after a restart, another history of the size that was cosigned")
	unchanged(t, r.State, "another history of the size that was cosigned", cosign(other.notes[0], now), Forked)
	unchanged(t, r.State, "another history", cosign(other.notes[1], now), Forked)
	ok(t, cosign(h.notes[3], now)())
	ok(t, cosign(h.notes[3], now)()) // again is no other word
	unchanged(t, r.State, "a smaller head than it has cosigned", cosign(h.notes[2], now), Passed)
	unchanged(t, r.State, "a checkpoint of the future", cosign(h.notes[3], at(389).Add(-Skew-time.Second)), TimeBack)
	unchanged(t, r.State, "a note that is none", func() error { return failed(r.Cosign([]byte("x"), b.hub.Chain, b.trust, b.partner, now)) }, Malformed)
	unchanged(t, r.State, "somebody else's certificate", func() error {
		return failed(r.Cosign(plainNote(t, h.notes[3]), b.stranger.Chain, b.trust, b.partner, now))
	}, WrongSigner)
	for what, id := range map[string]*identity.Identity{"a relay of the sequencer's agency": b.hub, "a desk": b.desk} {
		unchanged(t, r.State, what, func() error { return failed(r.Cosign(plainNote(t, h.notes[3]), b.hub.Chain, b.trust, id, now)) }, WrongSigner)
	}
	var proof *Refusal
	if err := cosign(other.notes[1], now)(); !errors.As(err, &proof) || len(proof.Proof) != 1 || !bytes.Equal(proof.Proof[0], plainNote(t, other.notes[1])) {
		t.Errorf("the other history's checkpoint is not kept as proof: %v", err)
	}
	back := must(RestoreReplica(r.State()))(t)
	wantFault(t, failed(back.Cosign(plainNote(t, h.notes[2]), b.hub.Chain, b.trust, b.partner, now)), Passed, "after a restart, a smaller head")
	wantFault(t, failed(back.Cosign(plainNote(t, other.notes[1]), b.hub.Chain, b.trust, b.partner, now)), Forked, "after a restart, another history")
	must(back.Cosign(plainNote(t, h.notes[3]), b.hub.Chain, b.trust, b.partner, now))(t)
	if back.Cosigned() != 390 {
		t.Errorf("cosigned %d", back.Cosigned())
	}
}

// TestCheckpointsThatAreNotCosigned although their signature is good.
func TestCheckpointsThatAreNotCosigned(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 300, []int{300}, nil)
	r := NewReplica(b.origin)
	for _, l := range h.lines {
		must(r.Take(l))(t)
	}
	for what, c := range map[string]struct {
		bend func(c *Checkpoint)
		want Fault
	}{
		"another log":                    {func(c *Checkpoint) { c.Origin.Incident[0]++; ok(t, c.sign(b.hub)) }, Mismatch},
		"a time long before its entries": {func(c *Checkpoint) { c.Time = at(299).Add(-Skew - time.Second); ok(t, c.sign(b.hub)) }, TimeBack},
		"another hash of the last entry": {func(c *Checkpoint) { c.Last[0] ^= 1; ok(t, c.sign(b.hub)) }, Forked},
		"as many signatures as there may be": {func(c *Checkpoint) {
			for len(c.Signatures) < MaxSignatures {
				c.Signatures = append(c.Signatures, NoteSignature{"witness", uint32(len(c.Signatures)), []byte{1}})
			}
		}, TooLarge},
		"as many octets as there may be": {func(c *Checkpoint) {
			c.Signatures = append(c.Signatures, NoteSignature{"witness", 1, make([]byte, (MaxCheckpoint-len(c.Note())-40)/4*3)})
		}, TooLarge},
	} {
		cp := must(ParseCheckpoint(plainNote(t, h.notes[0])))(t)
		c.bend(&cp)
		unchanged(t, r.State, what, func() error { return failed(r.Cosign(cp.Note(), b.hub.Chain, b.trust, b.partner, at(300))) }, c.want)
	}
	must(r.Cosign(plainNote(t, h.notes[0]), b.hub.Chain, b.trust, b.partner, at(300)))(t)
}

// plainNote is a note with the sequencer's signature only.
func plainNote(t *testing.T, note []byte) []byte {
	t.Helper()
	c := must(ParseCheckpoint(note))(t)
	c.Signatures = c.Signatures[:1]
	return c.Note()
}

// TestARevokedSequencerIsNotCosigned: a replica judges by what is known now.
func TestARevokedSequencerIsNotCosigned(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 3, []int{3}, nil)
	r := NewReplica(b.origin)
	for _, l := range h.lines {
		must(r.Take(l))(t)
	}
	list := must(b.us.Revoke(b.hub.Name, at(100)))(t)
	ok(t, b.trust.ApplyRevocations(list, at(100)))
	unchanged(t, r.State, "a sequencer that was taken back", func() error {
		return failed(r.Cosign(plainNote(t, h.notes[0]), b.hub.Chain, b.trust, b.partner, at(101)))
	}, Certificate)
}

// TestSignaturesOfSeveralCosignersStand beside each other.
func TestSignaturesOfSeveralCosignersStand(t *testing.T) {
	b := newBorder(t)
	b.parties = append(b.parties, "zz.example")
	zz := authority(t, "zz.example")
	third := issue(t, zz, "zz.example/relay/z", noon())
	trust := must(identity.NewTrustStore(b.us.Bundle(), b.mx.Bundle(), zz.Bundle()))(t)
	h := b.write(t, 3, []int{3}, nil)
	r := NewReplica(b.origin)
	for _, l := range h.lines {
		must(r.Take(l))(t)
	}
	signers := must(NewSigners(b.partner.Chain, third.Chain))(t)
	both := func(cp Checkpoint, why string) {
		t.Helper()
		good, bad := cp.VerifyCosigners(signers, trust)
		if len(good) != 2 || len(bad) != 0 || good[0].By != b.partner.Name || good[1].By != third.Name || !good[1].At.Equal(at(4)) {
			t.Errorf("%s: good %v, bad %v", why, good, bad)
		}
	}
	both(must(r.Cosign(h.notes[0], b.hub.Chain, trust, third, at(4)))(t), "one after the other")
	cp := must(ParseCheckpoint(h.notes[0]))(t)
	apart := must(r.Cosign(plainNote(t, h.notes[0]), b.hub.Chain, trust, third, at(4)))(t)
	adopt := func(o Checkpoint) error { _, err := cp.Adopt(&o, signers, trust); return err }
	if added, err := cp.Adopt(&apart, signers, trust); err != nil || len(added) != 1 || added[0].By != third.Name {
		t.Errorf("adopted %v, %v", added, err)
	}
	both(cp, "apart and adopted")
	ok(t, adopt(apart))
	if len(cp.Signatures) != 3 {
		t.Errorf("adopted twice there are %d signatures", len(cp.Signatures))
	}
	bend := func(change func(o *Checkpoint)) Checkpoint {
		o := apart
		o.Signatures = slices.Clone(o.Signatures)
		change(&o)
		return o
	}
	wantFault(t, adopt(bend(func(o *Checkpoint) { o.Time = at(9) })), Mismatch, "signed at another time")
	wantFault(t, adopt(bend(func(o *Checkpoint) { o.Size-- })), Mismatch, "another size")
	wantFault(t, adopt(bend(func(o *Checkpoint) { o.Root[0] ^= 1 })), SplitView, "another history")
	cp = must(ParseCheckpoint(h.notes[0]))(t)
	wantFault(t, adopt(bend(func(o *Checkpoint) {
		last := &o.Signatures[len(o.Signatures)-1]
		last.Bytes = slices.Clone(last.Bytes)
		last.Bytes[len(last.Bytes)-1] ^= 1
	})), Signature, "a cosignature that does not verify")
	full := cp
	for i := range MaxSignatures {
		full.Signatures = append(slices.Clone(full.Signatures), NoteSignature{"witness", uint32(i), []byte{1}})
	}
	if _, err := full.Adopt(&apart, signers, trust); FaultOf(err) != TooLarge {
		t.Errorf("too many signatures: %v", err)
	}
	if added, err := cp.Adopt(&apart, must(NewSigners(b.partner.Chain))(t), trust); err != nil || len(added) != 0 {
		t.Errorf("a line by a key that is not at hand: %v, %v", added, err)
	}
	ok(t, adopt(apart))
	both(cp, "after refusals")
}

// A copy of a replica goes on by itself: what it takes, and cosigns, the first has not.
func TestACloneGoesOnByItself(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 700, []int{700}, nil) // more than a window
	r := NewReplica(b.origin)
	for _, l := range h.lines[:600] {
		must(r.Take(l))(t)
	}
	before := r.State()
	c := r.Clone()
	for _, l := range h.lines[600:] {
		must(c.Take(l))(t)
	}
	must(c.Cosign(plainNote(t, h.notes[0]), b.hub.Chain, b.trust, b.partner, at(700)))(t)
	if !bytes.Equal(r.State(), before) || r.Size() != 600 || c.Size() != 700 {
		t.Errorf("%d entries are held, %d by the copy", r.Size(), c.Size())
	}
	for _, l := range h.lines[600:] {
		must(r.Take(l))(t)
	}
	must(r.Cosign(plainNote(t, h.notes[0]), b.hub.Chain, b.trust, b.partner, at(700)))(t)
}

// Retain leaves what can be shown by the keys at hand, and nothing else.
func TestRetainLeavesWhatIsProven(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 3, []int{3}, nil)
	c := must(ParseCheckpoint(h.notes[0]))(t)
	whole := string(c.Note())
	good := must(NewSigners(b.hub.Chain, b.partner.Chain))(t)
	bent := c.Signatures[1]
	bent.Bytes = append(bytes.Clone(bent.Bytes[:len(bent.Bytes)-1]), bent.Bytes[len(bent.Bytes)-1]^1)
	ok(t, c.cosign(b.stranger, at(9)))
	c.Signatures = append(c.Signatures, bent, NoteSignature{"nobody.example/relay/x", 1, []byte("x")})
	if left := c.Retain(good, b.trust); len(left) != 1 || left[0].By != b.partner.Name || string(c.Note()) != whole {
		t.Errorf("left are %v and %s", left, c.Note())
	}
}
