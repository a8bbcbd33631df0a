package hub_test

import (
	"strings"
	"testing"

	"crossband/proto"
	"crossband/relay/hub"
)

// loseDocuments has the store lose the records of a kind, and the relay start again.
func (w *world) loseDocuments(t *testing.T, of func(key string) bool) {
	t.Helper()
	lost := 0
	for key := range w.disk["documents"] {
		if of(key) {
			delete(w.disk["documents"], key)
			w.damaged = append(w.damaged, hub.Damaged{Bucket: "documents", Key: []byte(key)})
			lost++
		}
	}
	if lost == 0 {
		t.Fatal("no such record")
	}
	w.mute, w.lines = false, nil
	w.restart()
	if said := strings.Join(w.lines, "\n"); !strings.Contains(said, "ALARM") && !strings.Contains(said, "damaged") {
		t.Errorf("said at the start: %s", said)
	}
	w.mute = true
}

func ofKind(k proto.DocumentKind) func(string) bool {
	return func(key string) bool { return proto.DocumentKind(key[0]) == k }
}

// putCharter returns for what reason the charter of talk is refused.
func (w *world) putCharter(t *testing.T) (why proto.Reason) {
	t.Helper()
	w.watch = func(effects []hub.Effect) {
		for _, e := range effects {
			if x, ok := e.(hub.Audit); ok && x.Refusal != nil && x.Kind == proto.KindPutCharter {
				why = x.Refusal.Reason
			}
		}
	}
	do(t, w, "from us/authority: put-charter talk")
	w.watch = nil
	return why
}

// withdrawn is a world in which mx has withdrawn from pact.
func withdrawn(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.mute, w.deep = true, false
	for _, s := range []string{
		"up us/authority", "up us/desk/d", "up mx/relay",
		"agreement pact channel=talk:standing:talk:us party=us:send=unit+desk party=mx:send=desk",
		"charter talk agreement=pact party=us:send=unit+desk party=mx:send=desk",
		"from us/authority: document pact",
		"withdraw out of pact by mx at 90s",
		"from mx/relay: document out",
		"tick 3m",
	} {
		do(t, w, "%s", s)
	}
	if got := w.putCharter(t); got != proto.ReasonWithdrawn {
		t.Fatalf("before the damage: reason %d", got)
	}
	return w
}

// TestADamagedAgreementDoesNotRevive: the record of an agreement is lost from which a
// party had withdrawn. Whoever brings the agreement again does not bring it into force.
func TestADamagedAgreementDoesNotRevive(t *testing.T) {
	w := withdrawn(t)
	w.loseDocuments(t, ofKind(proto.DocumentAgreement))
	do(t, w, "up us/authority")
	do(t, w, "up us/desk/d")
	if got := w.putCharter(t); got != proto.ReasonNoAgreement {
		t.Errorf("without the agreement: reason %d", got)
	}
	handed := ""
	w.watch = func(effects []hub.Effect) {
		for _, e := range effects {
			if x, ok := e.(hub.Send); ok && x.Frame.GetDocument() != nil {
				handed += w.labels[x.Link] + ":" + x.Frame.GetDocument().Kind.String() + " "
			}
		}
	}
	do(t, w, "from us/authority: document pact") // as it is done at each start
	if !strings.Contains(handed, "us/desk/d:KIND_AGREEMENT us/desk/d:KIND_WITHDRAWAL") {
		t.Errorf("devices are handed %s", handed)
	}
	if got := w.putCharter(t); got != proto.ReasonWithdrawn {
		t.Errorf("with the agreement and the withdrawal that is on the disk: reason %d", got)
	}
	w.damaged = nil
	w.restart()
	do(t, w, "up us/authority")
	if got := w.putCharter(t); got != proto.ReasonWithdrawn {
		t.Errorf("after another start: reason %d", got)
	}
}

// TestADamagedWithdrawalDoesNotRevive: the name of the record says who has withdrawn
// from what. Nothing runs until the withdrawal is brought again.
func TestADamagedWithdrawalDoesNotRevive(t *testing.T) {
	w := withdrawn(t)
	w.loseDocuments(t, ofKind(proto.DocumentWithdrawal))
	do(t, w, "up us/authority")
	do(t, w, "up mx/relay")
	if got := w.putCharter(t); got != proto.ReasonWithdrawn {
		t.Errorf("while the withdrawal is lost: reason %d", got)
	}
	w.mute, w.lines = false, nil
	do(t, w, "from mx/relay id=1: document out")
	if got := strings.Join(w.lines, "\n"); !strings.Contains(got, "write documents/out") || !strings.Contains(got, "Done re=1") {
		t.Errorf("brought again: %s", got)
	}
	w.restart() // the store goes on to name what it has lost
	do(t, w, "up us/authority")
	if got := w.putCharter(t); got != proto.ReasonWithdrawn {
		t.Errorf("after another start: reason %d", got)
	}
}

// TestADamagedRevisionIsNotReplacedByAnOlder: what it had replaced does not come back
// in its place.
func TestADamagedRevisionIsNotReplacedByAnOlder(t *testing.T) {
	w := newWorld(t)
	w.mute, w.deep = true, false
	for _, s := range []string{
		"up us/authority",
		"agreement pact channel=talk:standing:talk:us party=us:send=unit+desk party=mx:send=desk",
		"agreement pact1 of=pact revision=1 title=pact channel=other:standing:other:us party=us:send=unit+desk party=mx:send=desk",
		"charter talk agreement=pact party=us:send=unit+desk party=mx:send=desk",
		"from us/authority: document pact",
		"from us/authority: document pact1",
	} {
		do(t, w, "%s", s)
	}
	w.loseDocuments(t, ofKind(proto.DocumentAgreement))
	do(t, w, "up us/authority")
	for _, c := range []struct {
		bring string
		want  proto.Reason
	}{{"pact", proto.ReasonNoAgreement}, {"pact1", proto.ReasonAgreement}, {"pact", proto.ReasonAgreement}} {
		do(t, w, "from us/authority: document %s", c.bring)
		if got := w.putCharter(t); got != c.want {
			t.Errorf("after %s is brought: reason %d, want %d", c.bring, got, c.want)
		}
	}
}
