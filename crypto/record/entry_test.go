package record

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"crossband/proto"
)

// bodies is one of each kind, with every member set, and what it is written as.
func bodies(t testing.TB) map[string]Body {
	channel, message, incident, burst := proto.ChannelID{1}, proto.MessageID{2}, proto.IncidentID{1, 2, 3}, proto.BurstID{4}
	desk, hook, relay := name(t, "gn.example/desk/acuna"), name(t, "gn.example/hook/sensors"), name(t, "gn.example/relay/piedras-negras-1")
	const ch = `"channel":"0100000000000000000000000000000000000000000000000000000000000000"`
	const msg = `"02000000000000000000000000000000"`
	const five, six = `"0500000000000000000000000000000000000000000000000000000000000000"`, `"0600000000000000000000000000000000000000000000000000000000000000"`
	return map[string]Body{
		`"body":{` + ch + `,"exercise":true,"hail":` + msg + `,"incident":"01020300000000000000000000000000","parties":["gn.example","usbp.example"]},"index":0,"kind":"opened"`:        &Opened{incident, true, []proto.Agency{"gn.example", "usbp.example"}, channel, message},
		`"body":{` + ch + `,"commitment":` + six + `,"message":` + msg + `,"sealed":` + five + `,"to":"spiffe://gn.example/desk/acuna","urgency":5},"index":0,"kind":"hail"`:            &Hail{channel, message, desk, proto.PriorityEmergency, Digest{5}, Digest{6}},
		`"body":{"commitment":` + six + `,"hail":` + msg + `,"message":` + msg + `,"reason":504,"sealed":` + five + `,"state":"declined"},"index":0,"kind":"reply"`:                     &Reply{message, message, proto.HailDeclined, 504, Digest{5}, Digest{6}},
		`"body":{"hail":` + msg + `,"step":2,"to":"spiffe://gn.example/hook/sensors"},"index":0,"kind":"ladder-step"`:                                                                   &LadderStep{message, 2, hook},
		`"body":{"hail":` + msg + `},"index":0,"kind":"acknowledged"`:                                                                                                                   &Acknowledged{message},
		`"body":{"attempt":3,"delivery":"msg_1","hail":` + msg + `,"hook":"duty officer","outcome":"delivered","status":204},"index":0,"kind":"page"`:                                   &Page{message, "msg_1", "duty officer", 3, "delivered", 204},
		`"body":{` + ch + `,"epoch":9,"member":"spiffe://gn.example/desk/acuna","observer":true},"index":0,"kind":"joined"`:                                                             &Joined{channel, desk, true, 9},
		`"body":{` + ch + `,"epoch":9,"member":"spiffe://gn.example/desk/acuna"},"index":0,"kind":"left"`:                                                                               &Left{channel, desk, 9},
		`"body":{` + ch + `,"epoch":9,"member":"spiffe://gn.example/desk/acuna","reason":108},"index":0,"kind":"removed"`:                                                               &Removed{channel, desk, 9, 108},
		`"body":{"burst":"0400000000000000",` + ch + `,"local":true,"priority":2},"index":0,"kind":"floor-granted"`:                                                                     &FloorGranted{channel, burst, 2, true},
		`"body":{"burst":"0400000000000000",` + ch + `,"reason":403},"index":0,"kind":"floor-released"`:                                                                                 &FloorReleased{channel, burst, 403},
		`"body":{"burst":"0400000000000000","by":"spiffe://gn.example/desk/acuna",` + ch + `,"priority":4},"index":0,"kind":"floor-pre-empted"`:                                         &FloorLost{channel, burst, desk, 4},
		`"body":{"burst":"0400000000000000",` + ch + `,"priority":1,"reason":400},"index":0,"kind":"floor-denied"`:                                                                      &FloorDenied{channel, burst, 1, 400},
		`"body":{"burst":"0400000000000000","certificate":` + six + `,` + ch + `,"digest":` + five + `,"milliseconds":1200,"signature":"MAA="},"index":0,"kind":"burst"`:                &Burst{channel, burst, Digest{5}, 1200, []byte{0x30, 0}, Digest{6}},
		`"body":{` + ch + `,"commitment":` + six + `,"message":` + msg + `,"sealed":` + five + `},"index":0,"kind":"text"`:                                                              &Text{channel, message, Digest{5}, Digest{6}},
		`"body":{"document":` + five + `},"index":0,"kind":"agreement"`:                                                                                                                 &Agreement{Digest{5}},
		`"body":{"document":` + five + `,"title":"clés à changer"},"index":0,"kind":"notice"`:                                                                                           &Notice{Digest{5}, "clés à changer"},
		`"body":{"from":"Ana","role":"spiffe://gn.example/desk/acuna","to":"Luis"},"index":0,"kind":"handover"`:                                                                         &Handover{desk, "Ana", "Luis"},
		`"body":{"incident":"01020300000000000000000000000000"},"index":0,"kind":"merged"`:                                                                                              &Merged{incident},
		`"body":{"hail":` + msg + `,"reason":"nobody \"came\""},"index":0,"kind":"re-armed"`:                                                                                            &ReArmed{message, `nobody "came"`},
		`"body":{"disposition":"unfounded"},"index":0,"kind":"closed"`:                                                                                                                  &Closed{"unfounded"},
		`"body":{"back":"2026-11-02T12:00:05.000Z","lost":"2026-11-02T12:00:00.000Z","relay":"spiffe://gn.example/relay/piedras-negras-1"},"index":0,"kind":"gap"`:                      &LinkGap{relay, at(0), at(5)},
		`"body":{"at":7,` + ch + `,"log":"gn.example/record/x","ours":` + five + `,"relay":"spiffe://gn.example/relay/piedras-negras-1","theirs":` + six + `},"index":0,"kind":"split"`: &Split{relay, "gn.example/record/x", channel, 7, Digest{5}, Digest{6}},
		`"body":{"was":"2026-11-02T12:00:09.000Z"},"index":0,"kind":"clock-set"`:                                                                                                        &ClockSet{at(9)},
	}
}

// TestEntryOctets has the exact octets of each kind, and each is read as it was
// written.
func TestEntryOctets(t *testing.T) {
	all := bodies(t)
	if len(all) != 24 {
		t.Fatalf("%d kinds", len(all))
	}
	for want, body := range all {
		want = `{"actor":"spiffe://usbp.example/unit/del-rio-214",` + want +
			`,"place":"spiffe://usbp.example/relay/eagle-pass-1","prev":"` + Digest{8}.String() + `","time":"2026-11-02T12:00:00.120Z","v":1}`
		e := Entry{Prev: Digest{8}, Time: noon().Add(120_999_999), Actor: name(t, "usbp.example/unit/del-rio-214"),
			Place: name(t, "usbp.example/relay/eagle-pass-1"), Body: body}
		e.Time = e.Time.Truncate(1_000_000)
		ok(t, e.encode())
		if string(e.Line()) != want {
			t.Errorf("%s is written as\n%s\nwant\n%s", body.Kind(), e.Line(), want)
		}
		back := must(ParseEntry(e.Line()))(t)
		if !reflect.DeepEqual(back, e) {
			t.Errorf("%s is read as\n%+v\nwant\n%+v", body.Kind(), back, e)
		}
		for i := range e.Line() {
			if _, err := ParseEntry(e.Line()[:i]); err == nil {
				t.Errorf("%s is read although it is cut at octet %d", body.Kind(), i)
			}
		}
	}
}

// TestEmptyMembersAreLeftOut: there is one way to say nothing.
func TestEmptyMembersAreLeftOut(t *testing.T) {
	line := lineOf(t, &Text{Channel: proto.ChannelID{1}, Message: proto.MessageID{2}, Sealed: Digest{5}})
	if bytes.Contains(line, []byte("commitment")) {
		t.Errorf("%s", line)
	}
	line = lineOf(t, &FloorGranted{Channel: proto.ChannelID{1}, Burst: proto.BurstID{4}, Priority: 1})
	wantFault(t, failed(ParseEntry(bytes.Replace(line, []byte(`,"priority"`), []byte(`,"local":false,"priority"`), 1))), Malformed, "false written out")
}

func entryOf(t testing.TB, body Body) Entry {
	return Entry{Prev: Digest{8}, Time: noon(), Actor: name(t, "usbp.example/unit/del-rio-214"), Place: name(t, "usbp.example/relay/eagle-pass-1"), Body: body}
}

func lineOf(t testing.TB, body Body) []byte {
	t.Helper()
	e := entryOf(t, body)
	ok(t, e.encode())
	return e.Line()
}

// TestUnknownKindsAndMembersAreKept: what a later version writes can be read,
// and its octets are what is hashed.
func TestUnknownKindsAndMembersAreKept(t *testing.T) {
	line := bytes.Replace(lineOf(t, &Closed{"x"}), []byte(`"kind":"closed"`), []byte(`"kind":"drone-sent"`), 1)
	e := must(ParseEntry(line))(t)
	if u, is := e.Body.(*Unknown); !is || u.Name != "drone-sent" || u.JSON != `{"disposition":"x"}` {
		t.Errorf("body is %+v", e.Body)
	}
	line = bytes.Replace(lineOf(t, &Closed{"x"}), []byte(`{"disposition":"x"}`), []byte(`{"disposition":"x","stars":[1]}`), 1)
	if e := must(ParseEntry(line))(t); e.Body.(*Closed).Disposition != "x" || e.Hash() != LeafHash(line) {
		t.Errorf("entry is %+v", e)
	}
}

func TestEntriesThatAreRefused(t *testing.T) {
	good := lineOf(t, &Closed{"x"})
	for what, c := range map[string][2]string{
		"another version":           {`"v":1`, `"v":2`},
		"no version":                {`,"v":1`, ``},
		"a member too many":         {`"v":1`, `"v":1,"w":1`},
		"a place that is no relay":  {`"place":"spiffe://usbp.example/relay/`, `"place":"spiffe://usbp.example/desk/`},
		"a name that is not normal": {`unit/del-rio`, `unit/Del-rio`},
		"no actor":                  {`"spiffe://usbp.example/unit/del-rio-214"`, `""`},
		"a time without zone":       {`.000Z`, `.000`},
		"a time in another zone":    {`.000Z`, `.000+00:00`},
		"a time of microseconds":    {`.000Z`, `.000000Z`},
		"a time with a comma":       {`.000Z`, `,000Z`},
		"a 25th hour":               {`T12`, `T25`},
		"a negative index":          {`"index":0`, `"index":-1`},
		"an index beyond the limit": {`"index":0`, fmt.Sprintf(`"index":%d`, MaxEntries)},
		"an index as a string":      {`"index":0`, `"index":"0"`},
		"a kind in upper case":      {`"closed"`, `"Closed"`},
		"a kind of one hyphen":      {`"closed"`, `"-"`},
		"a kind too long":           {`"closed"`, `"` + strings.Repeat("k", maxKind+1) + `"`},
		"an upper-case digest":      {`"prev":"08`, `"prev":"0A`},
		"a short digest":            {`"prev":"08`, `"prev":"`},
		"a body that is a string":   {`{"disposition":"x"}`, `"x"`},
		"a body without its member": {`{"disposition":"x"}`, `{}`},
		"an empty text":             {`"disposition":"x"`, `"disposition":""`},
		"a number for a text":       {`"disposition":"x"`, `"disposition":1`},
		"a text too long":           {`"disposition":"x"`, `"disposition":"` + strings.Repeat("x", maxNote+1) + `"`},
	} {
		line := strings.Replace(string(good), c[0], c[1], 1)
		if line == string(good) {
			t.Fatalf("%s: nothing was changed", what)
		}
		wantFault(t, failed(ParseEntry([]byte(line))), Malformed, what)
	}
	ok(t, failed(ParseEntry([]byte(strings.Replace(string(good), `"x"`, `"`+strings.Repeat("x", maxNote)+`"`, 1)))))
	ok(t, failed(ParseEntry([]byte(strings.Replace(string(good), `"closed"`, `"`+strings.Repeat("k", maxKind)+`"`, 1)))))
}

// TestWhatCannotBeWritten: an entry that would not be read again is refused
// before it stands in the log.
func TestWhatCannotBeWritten(t *testing.T) {
	for what, body := range map[string]Body{
		"no disposition":            &Closed{},
		"text that is not UTF-8":    &Closed{"\xff"},
		"a disposition too long":    &Closed{strings.Repeat("x", maxNote+1)},
		"no parties":                &Opened{},
		"parties out of order":      &Opened{Parties: []proto.Agency{"usbp.example", "gn.example"}},
		"a party twice":             &Opened{Parties: []proto.Agency{"gn.example", "gn.example"}},
		"a party that is no agency": &Opened{Parties: []proto.Agency{"GN"}},
		"nine parties":              &Opened{Parties: make([]proto.Agency, MaxParties+1)},
		"no state":                  &Reply{},
		"no priority":               &FloorGranted{},
		"a priority of six":         &FloorGranted{Priority: 6},
		"an epoch beyond JSON":      &Left{Member: name(t, "gn.example/desk/acuna"), Epoch: maxInteger + 1},
		"no signature":              &Burst{},
		"a signature too long":      &Burst{Signature: make([]byte, maxSignature+1)},
		"nobody who is called":      &LadderStep{Step: 1},
		"step 0":                    &LadderStep{To: name(t, "gn.example/desk/acuna")},
	} {
		e := entryOf(t, body)
		wantFault(t, e.encode(), Malformed, what)
	}
	e := entryOf(t, &Unknown{"later", "{}"})
	wantFault(t, e.encode(), Malformed, "a kind that is not known")
	e = entryOf(t, &Closed{"x"})
	e.Place = e.Actor
	wantFault(t, e.encode(), Malformed, "a place that is no relay")
}

// FuzzEntry: what is read has its octets, and reads the same again.
func FuzzEntry(f *testing.F) {
	for part := range bodies(f) {
		f.Add([]byte(`{"actor":"spiffe://usbp.example/unit/del-rio-214",` + part +
			`,"place":"spiffe://usbp.example/relay/eagle-pass-1","prev":"` + Digest{8}.String() + `","time":"2026-11-02T12:00:00.120Z","v":1}`))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := ParseEntry(line)
		if err != nil {
			if FaultOf(err) == "" {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		again := e
		if _, unknown := e.Body.(*Unknown); !unknown {
			ok(t, again.encode()) // members that are not known go
			if back := must(ParseEntry(again.Line()))(t); !reflect.DeepEqual(back.Body, e.Body) {
				t.Fatalf("%q\nis read again as %+v", line, back.Body)
			}
		}
		if !bytes.Equal(e.Line(), line) || e.Hash() != LeafHash(line) {
			t.Fatalf("%q\nhas other octets", line)
		}
	})
}
