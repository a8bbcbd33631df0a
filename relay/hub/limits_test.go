package hub_test

import (
	"fmt"
	"strings"
	"testing"

	"crossband/proto"
	"crossband/relay/hub"
)

// TestChannelsAreBounded: a relay that is full refuses one more channel and
// keeps what it has; long before that, one partner's channels are enough.
func TestChannelsAreBounded(t *testing.T) {
	w := newWorld(t)
	do(t, w, "up mx/relay")
	do(t, w, "up us/desk/d")
	for i := range proto.MaxChannels {
		link, frame := hub.SelfLink, fmt.Sprintf("put-charter c%d", i)
		if i < proto.MaxPeerChannels {
			do(t, w, "charter c%d owner=mx party=us:send=unit party=mx:send=desk", i)
			link, frame = w.links["mx/relay"], fmt.Sprintf("channel-offer c%d created=true", i)
		} else {
			do(t, w, "charter c%d party=us:send=desk", i)
		}
		w.hub.Apply(w.now, hub.FrameIn{Link: link, Frame: frameOf(t, w, frame)})
	}
	do(t, w, "charter offered owner=mx party=us:send=unit party=mx:send=desk")
	do(t, w, "charter registered party=us:send=desk")
	for c, why := range map[string]proto.Reason{
		"from mx/relay: channel-offer offered created=true": proto.ReasonFull,
		"from self: put-charter registered":                 proto.ReasonFull,
	} {
		w.lines = nil
		do(t, w, "%s", c)
		if len(w.lines) != 1 || !strings.Contains(w.lines[0], fmt.Sprintf("(%d)", why)) {
			t.Errorf("%s: %v, want one refusal with reason %d", c, w.lines, why)
		}
	}
	if got := len(w.hub.View()); got != proto.MaxChannels {
		t.Errorf("%d channels, want %d", got, proto.MaxChannels)
	}
}

// TestOnePartnerCannotFillTheTable: our own incidents must still find room.
func TestOnePartnerCannotFillTheTable(t *testing.T) {
	w := newWorld(t)
	do(t, w, "up mx/relay")
	for i := range proto.MaxPeerChannels + 1 {
		do(t, w, "charter c%d owner=mx party=us:send=unit party=mx:send=desk", i)
		w.lines = nil
		do(t, w, "from mx/relay: channel-offer c%d created=true", i)
		refused := len(w.lines) > 0 && strings.Contains(w.lines[0], fmt.Sprintf("(%d)", proto.ReasonQuota))
		if over := i >= proto.MaxPeerChannels; refused != over {
			t.Fatalf("channel %d: refused for its quota: %v, want %v", i, refused, over)
		}
	}
}

// TestLogIsBounded: a full log refuses what is new before it is accepted, and
// still knows what it has.
func TestLogIsBounded(t *testing.T) {
	w := newWorld(t)
	do(t, w, "charter border kind=calling party=us:send=unit+desk party=mx:send=desk")
	for _, n := range []string{"us/desk/d", "us/unit/a", "mx/relay"} {
		do(t, w, "up %s", n)
	}
	do(t, w, "channel border us/desk/d us/unit/a mx/desk/m")
	do(t, w, "from us/unit/a id=1: text border t1")
	do(t, w, "make c1 by us/desk/d on border renew")
	refuses := func(frame string) {
		t.Helper()
		w.lines = nil
		do(t, w, "from us/desk/d id=2: %s", frame)
		if len(w.lines) != 2 || !strings.Contains(w.lines[0], "(600)") || !strings.HasPrefix(w.lines[1], "send us/desk/d Refused code=600") {
			t.Errorf("%s: %v, want a refusal and nothing else", frame, w.lines)
		}
	}
	w.hub.FillLog(w.made.channels["border"], proto.MaxLog)
	refuses("text border t2")
	w.hub.FillLog(w.made.channels["border"], proto.MaxLog+proto.MaxLog/10)
	for _, frame := range []string{
		"text border t2",
		"commit border c1",
		"hail border h1 incident=i1 from=us/desk/d to=mx/desk/m urgency=routine expires-ms=1m",
	} {
		refuses(frame)
	}
	w.lines = nil
	do(t, w, "from us/unit/a id=3: text border t1")
	if want := "send us/unit/a Appended border id=t1 seq=3 duplicate=true re=3"; len(w.lines) != 1 || w.lines[0] != want {
		t.Errorf("repeated text: %v, want %s", w.lines, want)
	}

	// Calls and changes have filled what is kept beyond texts: whoever did it can
	// still be removed. Who only comes back has no more room than others.
	w.hub.FillLog(w.made.channels["border"], proto.MaxLog+proto.MaxLog/20)
	do(t, w, "make c2 by us/desk/d on border remove mx/desk/m")
	do(t, w, "make c3 by us/desk/d on border rejoin")
	for _, frame := range []string{
		"commit border c1",
		"commit border c3",
		"hail border h1 incident=i1 from=us/desk/d to=mx/desk/m urgency=routine expires-ms=1m",
	} {
		refuses(frame)
	}
	w.hub.FillLog(w.made.channels["border"], proto.MaxLog+proto.MaxLog/10-1)
	w.log["border"] = proto.MaxLog + proto.MaxLog/10 - 1
	w.lines = nil
	do(t, w, "from us/desk/d id=4: commit border c2")
	if len(w.lines) == 0 || !strings.HasPrefix(w.lines[0], "write log/border") {
		t.Errorf("a removal on a log full of calls and changes: %v", w.lines)
	}

	// Texts have filled the log: the member who wrote them can still be removed.
	w.hub.FillLog(w.made.channels["border"], proto.MaxLog)
	w.log["border"] = proto.MaxLog
	do(t, w, "make c4 by us/desk/d on border renew")
	w.lines = nil
	do(t, w, "from us/desk/d id=4: commit border c4")
	if len(w.lines) == 0 || !strings.HasPrefix(w.lines[0], "write log/border") {
		t.Errorf("a commit on a log full of texts: %v", w.lines)
	}
}

// TestPatrolsLeaveRoomForIncidents: however many patrols there are, a call for help
// still opens its channel.
func TestPatrolsLeaveRoomForIncidents(t *testing.T) {
	w := newWorld(t)
	w.deep = false
	do(t, w, "agreement pact channel=calling:calling:calling:us party=us:send=unit+desk:hail=unit+desk party=mx:send=unit+desk:hail=unit+desk channel=i:incident:Incidents:us,mx party=us:send=unit+desk party=mx:send=unit+desk channel=p:patrol:Patrols:us,mx party=us:send=unit party=mx:send=unit")
	do(t, w, "up us/authority")
	do(t, w, "from us/authority: document pact")
	do(t, w, "charter calling kind=calling agreement=pact party=us:send=unit+desk:hail=unit+desk party=mx:send=unit+desk:hail=unit+desk template=us:send=unit+desk template=mx:send=unit+desk storage=none")
	do(t, w, "up us/desk/d")
	do(t, w, "channel calling us/desk/d")
	prepare := func(n int) (unit, frame string) {
		unit = fmt.Sprint("us/unit/u", n/proto.MaxUnitPatrols)
		if n%proto.MaxUnitPatrols == 0 {
			do(t, w, "up %s", unit)
		}
		do(t, w, "charter p%d kind=patrol signer=%s parent=calling storage=none expires=%ds party=us:send=unit:only=%s party=mx:send=unit:only=mx/unit/x", n, unit, 3600+n, unit)
		do(t, w, "make g%d by %s on p%d create", n, unit, n)
		return unit, fmt.Sprintf("create-channel p%d group-info=g%d", n, n)
	}
	for n := range proto.MaxPatrols {
		unit, frame := prepare(n)
		w.hub.Apply(w.now, hub.FrameIn{Link: w.links[unit], Frame: frameOf(t, w, frame)})
	}
	if got := len(w.hub.View()); got != proto.MaxPatrols+1 {
		t.Fatalf("%d channels, want %d patrols and one", got, proto.MaxPatrols)
	}
	unit, frame := prepare(proto.MaxPatrols)
	w.lines = nil
	if do(t, w, "from %s: %s", unit, frame); !strings.Contains(strings.Join(w.lines, "\n"), fmt.Sprintf("(%d)", proto.ReasonFull)) {
		t.Errorf("one more patrol: %v", w.lines)
	}
	do(t, w, "charter i1 kind=incident incident=i1 parent=calling signer=us/desk/d storage=none expires=6h party=us:send=unit+desk party=mx:send=unit")
	do(t, w, "make gi by us/desk/d on i1 create")
	w.lines = nil
	do(t, w, "from us/desk/d: create-channel i1 group-info=gi")
	if len(w.lines) == 0 || strings.Contains(strings.Join(w.lines, "\n"), "refused") || len(w.hub.View()) != proto.MaxPatrols+2 {
		t.Errorf("an incident, among %d channels: %v", len(w.hub.View()), w.lines)
	}
}

// TestPagesLeaveTheRoomForRemovals: ladders have room of their own beyond what calls
// for help have. When it is full they wait, the administrator is told once, and when
// there is room again they go on.
func TestPagesLeaveTheRoomForRemovals(t *testing.T) {
	w := newWorld(t)
	w.deep = false
	do(t, w, "charter calling kind=calling party=us:send=unit+desk party=mx:send=desk ladder=10s:us/desk/d")
	for _, n := range []string{"us/desk/d", "us/unit/a", "mx/relay"} {
		do(t, w, "up %s", n)
	}
	do(t, w, "channel calling us/desk/d us/unit/a mx/desk/m")
	do(t, w, "from us/unit/a: hail calling h1 incident=i1 from=us/unit/a to=mx/desk/m urgency=urgent expires-ms=1m")
	pages := func(kept int) string {
		w.hub.FillLog(w.made.channels["calling"], uint64(kept))
		w.log["calling"], w.lines = uint64(kept), nil
		do(t, w, "tick 15s")
		return strings.Join(w.lines, "\n")
	}
	if got := pages(proto.MaxLog * 43 / 40); strings.Contains(got, "page=") || strings.Count(got, "ladders wait") != 1 {
		t.Errorf("on a log that is full up to the room for removals: %s", got)
	}
	if got := pages(proto.MaxLog*43/40 - 1); strings.Count(got, "page=") != 1 || strings.Contains(got, "ladders wait") {
		t.Errorf("with room for one: %s", got)
	}
}

// TestAHubBoundsWhatOneSenderHasOpen: and takes no more before something is over.
func TestAHubBoundsWhatOneSenderHasOpen(t *testing.T) {
	w := newWorld(t)
	w.deep = false
	do(t, w, "charter calling kind=calling party=us:send=unit+desk party=mx:send=desk")
	for _, n := range []string{"us/desk/d", "us/unit/a", "mx/relay"} {
		do(t, w, "up %s", n)
	}
	do(t, w, "channel calling us/desk/d us/unit/a mx/desk/m")
	hail := func(i int) string {
		w.lines = nil
		do(t, w, "wait 20s") // within the rates
		do(t, w, "from us/unit/a: hail calling h%d incident=i%d from=us/unit/a to=mx/desk/m urgency=urgent expires-ms=5m", i, i)
		return strings.Join(w.lines, "\n")
	}
	for i := range proto.MaxOpenHails {
		if got := hail(i); strings.Contains(got, "refused") {
			t.Fatalf("hail %d: %s", i, got)
		}
	}
	if got := hail(proto.MaxOpenHails); !strings.Contains(got, "(601)") {
		t.Errorf("one more: %s", got)
	}
	do(t, w, "from us/unit/a: hail-reply calling x hail=h7 from=us/unit/a state=cancelled")
	if got := hail(proto.MaxOpenHails); strings.Contains(got, "refused") {
		t.Errorf("after one is over: %s", got)
	}
}

// TestAHubBoundsDuplicates: what is merged into one incident.
func TestAHubBoundsDuplicates(t *testing.T) {
	w := newWorld(t)
	w.deep = false
	do(t, w, "charter calling kind=calling party=us:send=unit+desk party=mx:send=desk")
	for _, n := range []string{"us/desk/d", "us/unit/a", "mx/relay"} {
		do(t, w, "up %s", n)
	}
	do(t, w, "channel calling us/desk/d us/unit/a mx/desk/m")
	for i := range proto.MaxDuplicates + 2 {
		w.lines = nil
		do(t, w, "wait 20s") // within the rates
		do(t, w, "from us/unit/a: hail calling h%d incident=i%d from=us/unit/a to=mx/desk/m urgency=urgent expires-ms=5m", i, i)
		do(t, w, "from us/unit/a: hail-reply calling x%d hail=h%d from=us/unit/a state=cancelled", i, i)
		if i > 0 {
			do(t, w, "from us/unit/a: incident calling m%d incident=i%d from=us/unit/a act=merge into=i0", i, i)
		}
		got := strings.Join(w.lines, "\n")
		if full := strings.Contains(got, "(600)"); full != (i > proto.MaxDuplicates) || !full && strings.Contains(got, "refused") {
			t.Fatalf("duplicate %d: %s", i, got)
		}
	}
}

// TestDocumentsAreBounded: a relay that holds as many as it may refuses one more, and
// keeps what it has; so it does with what one partner issues.
func TestDocumentsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.deep = false
	do(t, w, "up us/authority")
	put := func(i int) string {
		do(t, w, "agreement a%d channel=talk:standing:talk:us party=us:send=unit party=mx:send=unit", i)
		w.lines = nil
		do(t, w, "from us/authority: document a%d", i)
		return strings.Join(w.lines, "\n")
	}
	for i := range proto.MaxDocuments {
		if i%100 == 99 {
			do(t, w, "wait 10m") // within the rates
		}
		if got := put(i); strings.Contains(got, "refused") {
			t.Fatalf("document %d: %s", i, got)
		}
	}
	if got := put(proto.MaxDocuments); !strings.Contains(got, fmt.Sprintf("(%d)", proto.ReasonFull)) {
		t.Errorf("one more: %s", got)
	}
	if got := w.hub.Summary(); got.Documents != proto.MaxDocuments || len(got.Agreements) != proto.MaxDocuments {
		t.Errorf("%d documents, %d agreements are held", got.Documents, len(got.Agreements))
	}
}

// TestOnePartnerCannotFillTheDocuments: what it issues alone has a share; what this
// agency issues has the rest.
func TestOnePartnerCannotFillTheDocuments(t *testing.T) {
	for _, c := range []struct {
		issuer proto.Agency
		n      int
		want   proto.Reason
	}{
		{agencies()["mx"], proto.MaxPeerIssued - 1, proto.ReasonNone}, {agencies()["mx"], proto.MaxPeerIssued, proto.ReasonQuota},
		{agencies()["us"], proto.MaxPeerIssued, proto.ReasonNone}, {"", proto.MaxPeerIssued, proto.ReasonNone},
	} {
		if err := newWorld(t).hub.RoomBeside(c.n, c.issuer); proto.ReasonOf(err) != c.want {
			t.Errorf("%s beside %d: %v, want reason %d", c.issuer, c.n, err, c.want)
		}
	}
}

// TestAWithdrawalAlwaysHasRoom: also where nothing else has, in the table or in the
// store.
func TestAWithdrawalAlwaysHasRoom(t *testing.T) {
	w := newWorld(t)
	w.deep = false
	do(t, w, "up us/authority")
	do(t, w, "up mx/relay")
	do(t, w, "agreement pact channel=talk:standing:talk:us party=us:send=unit party=mx:send=unit")
	do(t, w, "from us/authority: document pact")
	if err := w.hub.RoomBeside(proto.MaxDocuments, agencies()["mx"]); proto.ReasonOf(err) != proto.ReasonFull {
		t.Fatalf("another document: %v", err)
	}
	do(t, w, "settings room=xx")
	do(t, w, "withdraw out of pact by mx at 10m")
	w.lines = nil
	do(t, w, "from mx/relay id=1: document out")
	if got := strings.Join(w.lines, "\n"); strings.Contains(got, "refused") || !strings.Contains(got, "send mx/relay Done") {
		t.Error(got)
	}
}

// TestADeskThatComesAndGoesDoesNotFillTheLog: on a log that is full of texts nothing
// is told of duty, nor re-armed; and one desk's spells come ever less often.
func TestADeskThatComesAndGoesDoesNotFillTheLog(t *testing.T) {
	w := newWorld(t)
	w.deep = false
	do(t, w, "charter calling kind=calling party=us:send=unit+desk party=mx:send=desk ladder=10s:us/desk/d")
	for _, n := range []string{"us/desk/d", "us/unit/a", "mx/relay"} {
		do(t, w, "up %s", n)
	}
	do(t, w, "channel calling us/desk/d us/unit/a mx/desk/m")
	do(t, w, "from us/desk/d: subscribe calling alias=1")
	said := 0
	told := func(hours int) (n int) {
		for range hours * 60 {
			w.lines = nil
			said++
			do(t, w, "from us/desk/d: duty calling d%d from=us/desk/d role=us/desk/d act=off", said)
			do(t, w, "tick 2s")
			said++
			do(t, w, "from us/desk/d: duty calling d%d from=us/desk/d role=us/desk/d act=on", said)
			do(t, w, "tick 58s")
			n += strings.Count(strings.Join(w.lines, "\n"), "kind=82 calling")
		}
		return n
	}
	if n := told(3); n == 0 || n > 20 {
		t.Errorf("a desk that goes off duty for 2 s each minute was told of %d times in 3 hours", n)
	}

	do(t, w, "from us/unit/a: hail calling h1 incident=i1 from=us/unit/a to=us/desk/d urgency=urgent expires-ms=9m")
	do(t, w, "tick 1m")
	w.hub.FillLog(w.made.channels["calling"], proto.MaxLog)
	w.log["calling"] = proto.MaxLog
	for _, c := range []struct {
		frame string
		full  bool
	}{
		{"duty calling full1 from=us/desk/d role=us/desk/d act=off", true},
		{"incident calling full2 incident=i1 from=us/desk/d act=re-arm", true},
		{"hail-reply calling full3 hail=h1 from=us/desk/d state=accepted", false},
		{"incident calling full4 incident=i1 from=us/desk/d act=close disposition=resolved", false},
	} {
		w.lines = nil
		do(t, w, "from us/desk/d: %s", c.frame)
		if got := strings.Join(w.lines, "\n"); strings.Contains(got, "(600)") != c.full || !c.full && strings.Contains(got, "refused") {
			t.Errorf("%s on a log full of texts: %s", c.frame, got)
		}
	}
	w.lines = nil
	do(t, w, "down us/desk/d")
	do(t, w, "tick 2m")
	if got := strings.Join(w.lines, "\n"); strings.Contains(got, "duty=") {
		t.Errorf("told of duty on a log full of texts: %s", got)
	}
}
