package record

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
)

// want is a finding that a report must have.
type want struct {
	fault        Fault
	export       int
	index, until int64
}

// wantFindings fails unless the report has these findings and no others.
func wantFindings(t *testing.T, r *Report, wants ...want) {
	t.Helper()
	var got []want
	for _, f := range r.Findings {
		got = append(got, want{f.Fault, f.Export, f.Index, f.Until})
	}
	if !slices.Equal(got, wants) {
		t.Errorf("found %v, want %v", r.Findings, wants)
	}
}

// change returns a writer's change that puts another body at one index.
func change(at int, other Body) func(int, Body) Body {
	return func(i int, body Body) Body {
		if i == at {
			return other
		}
		return body
	}
}

// TestARewrittenChainIsFound: an entry is changed and all hashes after it are
// computed anew. The signed roots show it, between two checkpoints; the
// partner's copy shows which.
func TestARewrittenChainIsFound(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 100, []int{10, 40, 60, 100}, nil)
	for _, c := range []struct{ at, from, until int64 }{{0, 0, 9}, {9, 9, 9}, {10, 10, 39}, {39, 39, 39}, {47, 40, 59}, {99, 99, 99}} {
		forged := b.write(t, 100, nil, change(int(c.at), b.otherBody(int(c.at))))
		x := b.export(h)
		x.Logs[0].Entries = forged.lines
		r := b.verify(t, x)
		wantFindings(t, r, want{Edited, 0, c.from, c.until})
		if len(r.Findings) == 1 && len(r.Findings[0].Proof) != 1 {
			t.Errorf("entry %d: no checkpoint as proof", c.at)
		}
		if r.Intact() || r.Logs[0].Sound != uint64(c.from) || r.Logs[0].Signed > uint64(c.from) || c.from > 0 && !r.Logs[0].To.Equal(at(int(c.from)-1)) {
			t.Errorf("entry %d: intact %t, %+v", c.at, r.Intact(), r.Logs[0])
		}
		if l := r.Logs[0]; c.from == 0 && (!l.From.IsZero() || !l.To.IsZero() || l.Parties != nil) {
			t.Errorf("entry %d: what a false entry says is in the report: %+v", c.at, l)
		}
		wantFindings(t, b.verify(t, x, b.export(h)), want{Edited, 0, c.at, c.at})
		wantFindings(t, b.verify(t, b.export(h), x), want{Edited, 1, c.at, c.at})
	}
}

// otherBody is a body that the usual writer would not put at i.
func (b *border) otherBody(i int) Body {
	if i == 0 {
		o := b.opened()
		o.Channel = proto.ChannelID{8}
		return o
	}
	return &ReArmed{Reason: "rewritten"}
}

// TestASequencerThatForgesIsShownByItsCosigner: with its own key it can sign
// another history, not have it cosigned. Against the partner's copy both signed
// heads are the proof.
func TestASequencerThatForgesIsShownByItsCosigner(t *testing.T) {
	b := newBorder(t)
	ours, theirs := b.write(t, 50, []int{20, 50}, nil), b.write(t, 50, []int{20}, change(33, &ReArmed{Reason: "rewritten"}))
	theirs.notes = append(theirs.notes, must(theirs.log.Checkpoint(b.hub, at(49)))(t).Note()) // nobody cosigned
	x := b.export(theirs)
	wantFindings(t, b.verify(t, x), want{MissingCosigner, 0, 20, 49})
	r := b.verify(t, b.export(ours), x)
	wantFindings(t, r, want{SplitView, SeveralExports, 33, 33}, want{MissingCosigner, 1, 20, 49})
	f := r.Findings[0]
	if len(f.Proof) != 2 || bytes.Equal(f.Proof[0], f.Proof[1]) || !strings.Contains(f.Detail, b.hub.Name.String()) {
		t.Errorf("a split view without both heads, or without a name: %+v", f)
	}
	for _, p := range f.Proof {
		c := must(ParseCheckpoint(p))(t)
		ok(t, failed(c.VerifySequencer(must(NewSigners(b.hub.Chain))(t), b.trust)))
	}
}

// TestASplitViewOfDifferentSizes: the two parties were shown histories that were
// never signed at one size.
func TestASplitViewOfDifferentSizes(t *testing.T) {
	b := newBorder(t)
	ours := b.write(t, 30, []int{30}, nil)
	theirs := b.write(t, 40, []int{40}, change(12, &ReArmed{Reason: "for them"}))
	r := b.verify(t, b.export(ours), b.export(theirs))
	wantFindings(t, r, want{Behind, 0, 30, 39}, want{SplitView, SeveralExports, 12, 12}, want{SplitView, SeveralExports, 12, 12})
	if d := r.Findings[2].Detail; !strings.Contains(d, "cosigned both") {
		t.Errorf("the cosigner of both is not named: %s", d)
	}
}

// TestAForkInOneFile: one file holds two heads of one signer that exclude each
// other.
func TestAForkInOneFile(t *testing.T) {
	b := newBorder(t)
	h, other := b.write(t, 30, []int{20, 30}, nil), b.write(t, 25, nil, change(3, &ReArmed{Reason: "x"}))
	fork := must(other.log.Checkpoint(b.hub, at(30)))(t)
	x := b.export(h)
	x.Logs[0].Checkpoints = append(slices.Clone(x.Logs[0].Checkpoints), fork.Note())
	// No entries belong to the fork at size 25, but the head at 30 covers them.
	// Without a copy of the other history no entry can be named.
	same := must(b.write(t, 20, nil, change(3, &ReArmed{Reason: "x"})).log.Checkpoint(b.hub, at(30)))(t)
	y := b.export(h)
	y.Logs[0].Checkpoints = append(slices.Clone(y.Logs[0].Checkpoints), same.Note())
	for _, x := range []*Export{x, y} {
		r := b.verify(t, x)
		if len(r.Findings) == 0 || r.Findings[0].Fault != Forked && r.Findings[0].Fault != Edited {
			t.Errorf("found %v", r.Findings)
		}
	}
	wantFindings(t, b.verify(t, y), want{Forked, SeveralExports, NoEntry, NoEntry})
	y.Logs[0].Entries = nil
	wantFindings(t, b.verify(t, y), want{Truncated, 0, 0, 29}, want{Forked, SeveralExports, NoEntry, NoEntry})
}

// TestATailThatIsCutWithItsCheckpoints cannot be seen in the file alone, but is
// when the partner's copy is there; and what nobody signed is said to be so.
func TestATailThatIsCutWithItsCheckpoints(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 30, []int{10, 20, 30}, nil)
	short := &history{lines: h.lines[:25], notes: h.notes[:2]}
	wantFindings(t, b.verify(t, b.export(short)), want{UnsignedTail, 0, 20, 24})
	wantFindings(t, b.verify(t, b.export(short), b.export(h)), want{Behind, 0, 25, 29}, want{UnsignedTail, 0, 20, 24})
	cut := b.export(h)
	cut.Logs[0].Entries = cut.Logs[0].Entries[:25] // with the checkpoints left, it is no older copy
	wantFindings(t, b.verify(t, b.export(h), cut), want{Truncated, 1, 25, 29})
	unsigned := &history{lines: h.lines}
	r := b.verify(t, b.export(unsigned))
	wantFindings(t, r, want{UnsignedTail, 0, 0, 29})
	if !r.Intact() || r.Complete() {
		t.Errorf("intact %t, complete %t, want that only something is missing", r.Intact(), r.Complete())
	}
	// What nobody signed and differs is not one's word against the other's.
	x, y := b.export(short), b.export(short)
	y.Logs[0].Entries[22] = otherText(y.Logs[0].Entries[22])
	y.Logs[0].Entries = y.Logs[0].Entries[:23]
	wantFindings(t, b.verify(t, x, y), want{Edited, SeveralExports, 22, 22}, want{UnsignedTail, 0, 20, 24}, want{UnsignedTail, 1, 20, 22})
}

// TestFaultySignaturesAreNamed, with the checkpoint.
func TestFaultySignaturesAreNamed(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 10, []int{5, 10}, nil)
	base := func() (*Export, *Checkpoint) {
		x := b.export(&history{lines: h.lines, notes: slices.Clone(h.notes)})
		c := must(ParseCheckpoint(h.notes[1]))(t)
		return x, &c
	}
	for what, c := range map[string]struct {
		bend  func(x *Export, c *Checkpoint)
		wants []want
	}{
		"a bit of the sequencer's": {func(_ *Export, c *Checkpoint) { c.Signatures[0].Bytes[9] ^= 1 },
			[]want{{Signature, 0, NoEntry, NoEntry}, {UnsignedTail, 0, 5, 9}}},
		"a bit of the cosigner's": {func(_ *Export, c *Checkpoint) { c.Signatures[1].Bytes[20] ^= 1 },
			[]want{{Signature, 0, NoEntry, NoEntry}, {MissingCosigner, 0, 5, 9}}},
		"a cosignature without a time": {func(_ *Export, c *Checkpoint) { c.Signatures[1].Bytes = c.Signatures[1].Bytes[:7] },
			[]want{{Signature, 0, NoEntry, NoEntry}, {MissingCosigner, 0, 5, 9}}},
		"a cosignature of a year that has no name": {func(_ *Export, c *Checkpoint) { c.Signatures[1].Bytes[0] = 0x7f },
			[]want{{Signature, 0, NoEntry, NoEntry}, {MissingCosigner, 0, 5, 9}}},
		"another time of the cosigner": {func(_ *Export, c *Checkpoint) { c.Signatures[1].Bytes[7] ^= 1 },
			[]want{{Signature, 0, NoEntry, NoEntry}, {MissingCosigner, 0, 5, 9}}},
		"another root": {func(_ *Export, c *Checkpoint) { c.Root[0] ^= 1 },
			[]want{{Signature, 0, NoEntry, NoEntry}, {Signature, 0, NoEntry, NoEntry}, {UnsignedTail, 0, 5, 9}}},
		"no cosignature": {func(_ *Export, c *Checkpoint) { c.Signatures = c.Signatures[:1] },
			[]want{{MissingCosigner, 0, 5, 9}}},
		"a partner as sequencer": {func(_ *Export, c *Checkpoint) { ok(t, c.sign(b.partner)) },
			[]want{{WrongSigner, 0, NoEntry, NoEntry}, {UnsignedTail, 0, 5, 9}}},
		"a stranger as cosigner": {func(x *Export, c *Checkpoint) {
			ok(t, c.cosign(b.stranger, at(9)))
			x.Chains = append(x.Chains, b.stranger.Chain)
		},
			[]want{{WrongSigner, 0, NoEntry, NoEntry}}},
		"no certificate of the cosigner": {func(x *Export, c *Checkpoint) { x.Chains = slices.Delete(x.Chains, 1, 2) },
			[]want{{MissingCosigner, 0, 0, 9}}},
		"a time after the certificate's": {func(_ *Export, c *Checkpoint) { c.Time = noon().Add(8 * 24 * time.Hour); ok(t, c.sign(b.hub)) },
			[]want{{Certificate, 0, NoEntry, NoEntry}, {UnsignedTail, 0, 5, 9}}},
		"a checkpoint of another log": {func(_ *Export, c *Checkpoint) { c.Origin.Incident[0]++; ok(t, c.sign(b.hub)) },
			[]want{{Mismatch, 0, NoEntry, NoEntry}, {UnsignedTail, 0, 5, 9}}},
	} {
		x, cp := base()
		c.bend(x, cp)
		x.Logs[0].Checkpoints[1] = cp.Note()
		r := b.verify(t, x)
		if what == "another root" { // the sequencer's does not fit; the cosigner's is not looked at
			c.wants = c.wants[1:]
		}
		t.Run(what, func(t *testing.T) { wantFindings(t, r, c.wants...) })
	}
	x, _ := base()
	x.Logs[0].Checkpoints[1] = []byte("x\n")
	wantFindings(t, b.verify(t, x), want{Malformed, 0, NoEntry, NoEntry}, want{UnsignedTail, 0, 5, 9})
	x, _ = base()
	x.Chains = append(x.Chains, [][]byte{{1, 2, 3}})
	wantFindings(t, b.verify(t, x)) // nothing is signed under it
}

// TestEachAgencyIsJudgedByItsOwnRoots: the partner's authority cannot vouch for
// our relay, though both bundles are given.
func TestEachAgencyIsJudgedByItsOwnRoots(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 5, []int{5}, nil)
	x := b.export(h)
	r := must(Verify([]*Export{x}, b.bundles[1:]))(t)
	wantFindings(t, r, want{MissingBundle, 0, NoEntry, NoEntry}, want{UnsignedTail, 0, 0, 4})
	if !r.Intact() || r.Complete() {
		t.Errorf("without a bundle it is intact: %v, complete: %v", r.Intact(), r.Complete())
	}
	false1 := issue(t, authority(t, "usbp.example"), "usbp.example/relay/eagle-pass-1", noon())
	c := must(ParseCheckpoint(h.notes[0]))(t)
	ok(t, c.sign(false1))
	x.Logs[0].Checkpoints, x.Chains = [][]byte{c.Note()}, [][][]byte{false1.Chain}
	wantFindings(t, b.verify(t, x), want{Certificate, 0, NoEntry, NoEntry}, want{UnsignedTail, 0, 0, 4})
}

// TestWhatEntriesSayIsChecked: bursts, reveals and agreements.
func TestWhatEntriesSayIsChecked(t *testing.T) {
	b := newBorder(t)
	blocks, doc := []byte("blocks"), []byte("agreement")
	s := BurstStatement{b.origin.Incident, proto.ChannelID{7}, proto.BurstID{8}, DigestOf(blocks)}
	sig, cert, err := SignBurst(b.unit, s)
	ok(t, err)
	burst := &Burst{s.Channel, s.Burst, s.Digest, 900, sig, cert}
	forged := *burst
	forged.Digest = Digest{1}
	h := b.write(t, 9, []int{9}, func(i int, body Body) Body {
		switch i {
		case 3:
			return burst
		case 4:
			return &Agreement{DigestOf(doc)}
		case 7:
			return &forged
		}
		return body
	})
	x := b.export(h)
	x.Agreements = [][]byte{doc}
	s2 := salt(2)
	x.Logs[0].Reveals = []Reveal{{3, nil, blocks}, {2, s2[:], content(2)}}
	r := b.verify(t, reread(t, x))
	wantFindings(t, r, want{Signature, 0, 7, 7})
	if l := r.Logs[0]; l.Bursts != 1 || l.Revealed != 2 {
		t.Errorf("%d bursts, %d revealed", l.Bursts, l.Revealed)
	}
	x.Chains = x.Chains[:2]
	x.Agreements = [][]byte{[]byte("another")}
	x.Logs[0].Reveals = []Reveal{{3, nil, []byte("others")}, {2, s2[:], content(5)}, {9, s2[:], nil}, {6, s2[:], nil}}
	wantFindings(t, b.verify(t, x), want{Mismatch, 0, 2, 2}, want{Mismatch, 0, 3, 3}, want{Mismatch, 0, 6, 6}, want{Mismatch, 0, 9, 9}, want{MissingChain, 0, 3, 3},
		want{MissingAttachment, 0, 4, 4}, want{Mismatch, 0, NoEntry, NoEntry})
}

// TestABurstOfAnotherDeviceIsFound although its signature is good.
func TestABurstOfAnotherDeviceIsFound(t *testing.T) {
	b := newBorder(t)
	s := BurstStatement{b.origin.Incident, proto.ChannelID{7}, proto.BurstID{8}, Digest{9}}
	sig, cert, err := SignBurst(b.desk, s)
	ok(t, err)
	x := b.export(b.write(t, 5, []int{5}, change(2, &Burst{s.Channel, s.Burst, s.Digest, 900, sig, cert})))
	x.Chains = append(x.Chains, b.desk.Chain)
	wantFindings(t, b.verify(t, x), want{WrongSigner, 0, 2, 2})
}

// TestTheFileMustSayWhatItsLogsSay: incident, purpose, parties.
func TestTheFileMustSayWhatItsLogsSay(t *testing.T) {
	b := newBorder(t)
	h := b.write(t, 5, []int{5}, nil)
	x := b.export(h)
	x.Exercise = true
	wantFindings(t, b.verify(t, x), want{Mismatch, 0, 0, 0})
	wantFindings(t, b.verify(t, b.export(h), x), want{Mismatch, 1, NoEntry, NoEntry}, want{Mismatch, 1, 0, 0})
	x = b.export(h)
	x.Incident = proto.IncidentID{9}
	wantFindings(t, b.verify(t, x), want{Mismatch, 0, NoEntry, NoEntry})
	wantFindings(t, b.verify(t, &Export{Incident: b.origin.Incident}), want{Mismatch, 0, NoEntry, NoEntry})
	b.parties = []proto.Agency{"gn.example"}
	wantFindings(t, b.verify(t, b.export(b.write(t, 5, []int{5}, nil))), want{Mismatch, 0, 0, 0})
}

// TestWhatASequencerShouldNotHaveWrittenIsFound although it signed it.
func TestWhatASequencerShouldNotHaveWrittenIsFound(t *testing.T) {
	b := newBorder(t)
	l := NewLog(b.origin)
	var h history
	put := func(when time.Time, body Body, bend func([]byte) []byte) {
		e := Entry{Index: l.chain.tree.size, Prev: l.chain.last, Time: when, Actor: b.unit.Name, Place: b.hub.Name, Body: body}
		ok(t, e.encode())
		if bend != nil {
			e.line = bend(e.line)
			e.hash = LeafHash(e.line)
		}
		l.chain.take(&e)
		h.lines = append(h.lines, e.line)
	}
	put(at(0), b.opened(), nil)
	put(at(500), &ReArmed{}, nil)
	put(at(100), &ReArmed{}, nil)
	put(at(501), b.opened(), nil)
	put(at(502), &Closed{"x"}, func(l []byte) []byte { return bytes.Replace(l, []byte(`"x"`), []byte(`7`), 1) })
	put(at(503), &Closed{"x"}, func(l []byte) []byte { return bytes.Replace(l, []byte(`"closed"`), []byte(`"later"`), 1) })
	cp := must(l.Checkpoint(b.hub, at(503)))(t)
	ok(t, cp.cosign(b.partner, at(503)))
	h.notes = [][]byte{cp.Note()}
	r := b.verify(t, b.export(&h))
	wantFindings(t, r, want{TimeBack, 0, 2, 2}, want{Malformed, 0, 3, 3}, want{Malformed, 0, 4, 4})
	if r.Logs[0].Unknown != 2 || r.Logs[0].Signed != 6 {
		t.Errorf("report is %+v", r.Logs[0])
	}
}

// TestSeveralLogsOfOneIncident: the calling channel's hub and the incident
// channel's hub are of different agencies.
func TestSeveralLogsOfOneIncident(t *testing.T) {
	b := newBorder(t)
	x := b.export(b.write(t, 10, []int{10}, nil))
	theirs := NewLog(Origin{"gn.example", b.origin.Incident})
	r := NewReplica(theirs.Origin())
	l := ExportedLog{Origin: theirs.Origin()}
	for i := range 10 {
		e := must(theirs.Append(at(i), b.desk.Name, b.partner.Name, b.body(i)))(t)
		must(r.Take(e.Line()))(t)
		l.Entries = append(l.Entries, e.Line())
	}
	cp := must(theirs.Checkpoint(b.partner, at(10)))(t)
	cp = must(r.Cosign(cp.Note(), b.partner.Chain, b.trust, b.hub, at(10)))(t)
	l.Checkpoints = [][]byte{cp.Note()}
	x.Logs = append(x.Logs, l)
	report := b.verify(t, reread(t, x))
	wantFindings(t, report)
	if len(report.Logs) != 2 || report.Logs[1].Cosigned[0].By != b.hub.Name {
		t.Errorf("report is %+v", report.Logs)
	}
	x.Logs[1].Entries[4] = otherText(bytes.Replace(x.Logs[1].Entries[4], []byte("desk/acuna"), []byte("desk/bravo"), 1))
	wantFindings(t, b.verify(t, x), want{Edited, 0, 4, 4})
	// Entries do not move from one log to the other.
	x.Logs[1] = ExportedLog{Origin: theirs.Origin(), Entries: x.Logs[0].Entries}
	wantFindings(t, b.verify(t, x), want{Edited, 0, 0, 0})
}

func TestVerifyNeedsExportsAndBundles(t *testing.T) {
	b := newBorder(t)
	x := b.export(b.write(t, 3, []int{3}, nil))
	wantFault(t, failed(Verify(nil, b.bundles)), TooLarge, "no export")
	wantFault(t, failed(Verify([]*Export{x}, nil)), TooLarge, "no bundle")
	wantFault(t, failed(Verify(slices.Repeat([]*Export{x}, MaxExports+1), b.bundles)), TooLarge, "too many exports")
	ok(t, failed(Verify(slices.Repeat([]*Export{x}, MaxExports), b.bundles)))
	if _, err := Verify([]*Export{x}, append(b.bundles, b.bundles[0])); identity.FaultOf(err) != identity.Exists {
		t.Errorf("a bundle twice: %v", err)
	}
}

// TestAReportIsBounded: a file of nothing but faults.
func TestAReportIsBounded(t *testing.T) {
	b := newBorder(t)
	x := b.export(&history{})
	for range MaxFindings + 500 {
		x.Logs[0].Reveals = append(x.Logs[0].Reveals, Reveal{Index: 1})
	}
	x.Logs[0].Checkpoints = slices.Repeat([][]byte{[]byte("x\n")}, 700)
	r := b.verify(t, x)
	if len(r.Findings) != MaxFindings || r.More == 0 || r.Intact() {
		t.Errorf("%d findings and %d more", len(r.Findings), r.More)
	}
}

// TestTamperingIsNotCrowdedOut of a report that is full.
func TestTamperingIsNotCrowdedOut(t *testing.T) {
	var r Report
	for range MaxFindings {
		r.add(Finding{Fault: MissingCosigner})
	}
	r.add(Finding{Fault: Behind})
	if !r.Intact() {
		t.Error("not intact although something is missing only")
	}
	r.add(Finding{Fault: Edited})
	if r.Intact() || len(r.Findings) != MaxFindings || r.More != 2 {
		t.Errorf("intact %t, %d findings and %d more", r.Intact(), len(r.Findings), r.More)
	}
}

// TestBadChainsCostABoundedAmount of work, however many there are.
func TestBadChainsCostABoundedAmount(t *testing.T) {
	b := newBorder(t)
	m := &remembering{judge: b.trust, seen: map[Digest]span{}, failed: maxFailed - 1}
	late := noon().Add(8 * 24 * time.Hour)
	_, err := m.VerifyPeer(b.hub.Chain, identity.UsageMember, late)
	if identity.FaultOf(err) != identity.Expired {
		t.Errorf("the last that is looked at: %v", err)
	}
	wantFault(t, failed(m.VerifyPeer(b.hub.Chain, identity.UsageMember, noon())), TooLarge, "one more")
}

// TestGoodTimesAreRemembered between those that were judged, and not beyond.
func TestGoodTimesAreRemembered(t *testing.T) {
	b := newBorder(t)
	m := &remembering{judge: b.trust, seen: map[Digest]span{}}
	day := 24 * time.Hour
	for _, try := range []struct {
		at   time.Duration
		good bool
	}{{2 * day, true}, {5 * day, true}, {3 * day, true}, {8 * day, false}, {-day, false}, {day, true}, {2 * day, true}} {
		if _, err := m.VerifyPeer(b.hub.Chain, identity.UsageMember, noon().Add(try.at)); (err == nil) != try.good {
			t.Errorf("at %s: %v", try.at, err)
		}
	}
	for _, s := range m.seen {
		if !s.from.Equal(noon().Add(day)) || !s.to.Equal(noon().Add(5*day)) {
			t.Errorf("remembered from %s to %s", s.from, s.to)
		}
	}
	if len(m.seen) != 1 {
		t.Errorf("%d remembered", len(m.seen))
	}
}

// TestABrokenLogIsNotSaidToBeClosed: what followed may have opened it again.
func TestABrokenLogIsNotSaidToBeClosed(t *testing.T) {
	b := newBorder(t)
	x := b.export(b.write(t, 10, []int{10}, change(4, &Closed{"resolved"})))
	if r := b.verify(t, x); !r.Complete() || !r.Logs[0].Closed {
		t.Errorf("whole: %v, closed %t", r.Findings, r.Logs[0].Closed)
	}
	x.Logs[0].Entries[7] = otherText(x.Logs[0].Entries[7])
	if r := b.verify(t, x); r.Logs[0].Sound != 7 || r.Logs[0].Closed {
		t.Errorf("broken: %+v", r.Logs[0])
	}
}
