package hub_test

import (
	"strings"
	"testing"
	"time"

	"crossband/proto"
	"crossband/relay/hub"
)

// countingJudge counts the documents whose signatures it has judged.
type countingJudge struct {
	fakeJudge
	judged *int
}

func (j countingJudge) Document(kind proto.DocumentKind, signed []byte, now time.Time) (proto.Document, error) {
	*j.judged++
	return j.fakeJudge.Document(kind, signed, now)
}

// counted is a world that counts judgements.
func counted(t *testing.T) (w *world, judged *int, fake fakeJudge) {
	w, judged, fake = newWorld(t), new(int), fakeJudge{revoked: map[string]bool{}}
	w.judge = countingJudge{fake, judged}
	w.become("us/relay")
	w.deep = false
	return w, judged, fake
}

// variant makes a document that says what another says and is not the same octets:
// the order of the signers is another, which the fake judge takes as it would take
// another form of a signature.
func (w *world) variant(name, of string, signers string) {
	d := w.made.documents[of]
	_, text, _ := strings.Cut(string(d.signed), "\n")
	d.signed = []byte(signers + "\n" + text)
	w.made.documents[name], w.made.names[string(d.signed)] = d, name
}

// TestVariantsOfWhatIsHeldCostNoJudgement: of one signature anybody can make others
// that are good. The loop must not be kept busy with judging them, however many come.
func TestVariantsOfWhatIsHeldCostNoJudgement(t *testing.T) {
	w, judged, fake := counted(t)
	do(t, w, "up us/authority")
	do(t, w, "up mx/relay")
	do(t, w, "agreement pact channel=talk:standing:talk:us party=us:send=unit party=mx:send=unit")
	do(t, w, "withdraw out of pact by mx at 10m")
	do(t, w, "notice disks by mx to=us")
	do(t, w, "answer seen of disks by us")
	for _, name := range []string{"pact", "out", "disks", "seen"} {
		do(t, w, "from us/authority: document %s", name)
	}
	signers := string(agencies()["us"]) + "," + string(agencies()["mx"])
	w.variant("pact-again", "pact", string(agencies()["mx"])+","+signers)
	w.variant("disks-again", "disks", signers)
	w.variant("seen-again", "seen", signers)
	before := *judged
	for _, name := range []string{"pact-again", "disks-again", "seen-again", "pact-again"} {
		w.lines = nil
		do(t, w, "from mx/relay id=1: document %s", name)
		if got := strings.Join(w.lines, "\n"); got != "send mx/relay Done re=1" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if *judged != before {
		t.Errorf("%d judgements for what is held", *judged-before)
	}

	// After a revocation list what is held is looked at once, and found good.
	do(t, w, "quiet revoke ca")
	for range 5 {
		do(t, w, "from mx/relay id=1: document pact-again")
	}
	if *judged != before+1 {
		t.Errorf("%d judgements after a revocation list, want 1", *judged-before)
	}

	// If it is not good, that is found once; each of the others is judged itself.
	fake.revoked[string(w.made.documents["pact"].signed)] = true
	fake.revoked[string(w.made.documents["pact-again"].signed)] = true
	do(t, w, "quiet revoke ca")
	before = *judged
	for range 5 {
		w.lines = nil
		do(t, w, "from mx/relay id=1: document pact-again")
		if got := strings.Join(w.lines, "\n"); !strings.Contains(got, "(108)") {
			t.Errorf("a variant by who is revoked: %s", got)
		}
	}
	if *judged != before+6 {
		t.Errorf("%d judgements, want one of what is held and 5", *judged-before)
	}
}

// TestJudgingDocumentsIsRationed: a partner that brings documents which must be judged
// is refused before it has used up what the loop has for others.
func TestJudgingDocumentsIsRationed(t *testing.T) {
	w, judged, _ := counted(t)
	do(t, w, "up mx/relay")
	do(t, w, "agreement half signed=mx channel=talk:standing:talk:us party=us:send=unit party=mx:send=unit")
	const more = 100
	for range proto.MaxPeerIssued + more {
		w.lines = nil
		do(t, w, "from mx/relay id=1: document half")
	}
	if got := strings.Join(w.lines, "\n"); !strings.Contains(got, "(601)") {
		t.Errorf("the last: %s, want it refused for its quota", got)
	}
	if *judged == 0 || *judged > proto.MaxPeerIssued {
		t.Errorf("%d judgements at once", *judged)
	}
	do(t, w, "agreement pact channel=talk:standing:talk:us party=us:send=unit party=mx:send=unit")
	do(t, w, "up us/authority")
	w.lines = nil
	do(t, w, "from us/authority id=2: document pact")
	if got := strings.Join(w.lines, "\n"); strings.Contains(got, "refused") {
		t.Errorf("the own authority pays for a partner: %s", got)
	}
}

var _ hub.Judge = countingJudge{}
