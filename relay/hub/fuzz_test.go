package hub_test

import (
	"encoding/binary"
	"strings"
	"testing"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// roles are the links from which fuzzed frames come.
func roles() []string {
	return []string{"us/desk/d", "us/unit/a", "us/recorder/r", "us/hook/h", "us/authority", "mx/relay", "ca/relay", "newcomer1"}
}

// preparedHub is a hub with a link of every role, a channel of its own with a
// talker and one who waits, one of Mexico's that it follows, and another one
// whose hub has not answered yet.
func preparedHub(t testing.TB) *world {
	w := newWorld(t)
	s := script{w: w}
	w.deep, w.mute = false, true
	commands := []string{
		"charter border kind=calling party=us:send=unit+desk+hook:listen=recorder party=mx:send=desk template=us:send=unit+desk",
		"charter calling owner=mx kind=calling party=mx:send=desk party=us:send=unit+desk:listen=recorder",
	}
	for _, r := range roles() {
		commands = append(commands, "up "+r)
	}
	commands = append(commands,
		"channel border us/desk/d us/unit/a",
		"from us/desk/d: subscribe border alias=1", "from us/unit/a: subscribe border alias=2", "from mx/relay: subscribe border alias=3",
		"from us/desk/d: floor-request border burst=1 priority=routine", "from us/unit/a: floor-request border burst=2 priority=routine queue=true",
		"from mx/relay: channel-offer calling created=true",
		"from us/unit/a: subscribe calling alias=4", "from mx/relay re=1: subscribed calling alias=5 head=1 epoch=1",
		"from us/unit/a: floor-request calling burst=3 priority=routine", "from us/unit/a id=9: fetch-log calling",
		"from mx/relay: welcome calling id=w to=us/unit/a",
		"charter other owner=mx party=mx:send=desk party=us:send=unit",
		"from mx/relay: channel-offer other created=true",
		"from us/unit/a id=10: subscribe other alias=6", // waits under the number 4
	)
	for _, c := range commands {
		if err := s.command(c); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
	}
	w.deep = true
	return w
}

// seedFrames are frames that mean something in preparedHub, at least one of
// every kind that may reach a hub, by who sends it.
func seedFrames() []string {
	return []string{
		"from us/desk/d: floor-release border burst=1",
		"from us/unit/a: floor-request border burst=4 priority=emergency queue=true",
		"from us/unit/a id=1: subscribe border alias=9",
		"from us/unit/a id=1: unsubscribe calling",
		"from us/unit/a id=1: fetch-log border after=1",
		"from us/unit/a id=1: fetch-group-info border",
		"from us/unit/a id=1: text border t1",
		"from us/unit/a id=1: text calling t1 epoch=1",
		"from us/unit/a id=1: commit border border-1",
		"from us/unit/a id=1: create-channel border group-info=border-0",
		"from us/unit/a id=1: publish-key-packages packages=raw:x last-resort=raw:y",
		"from us/unit/a id=1: fetch-key-package name=us/desk/d suite=2 channel=border",
		"from us/unit/a id=1: enrol request=x renewal=true",
		"from us/unit/a: welcome-ack w",
		"from us/hook/h id=1: hail border h1 incident=i from=us/hook/h to=mx/desk/m urgency=routine expires-ms=1m",
		"from us/desk/d id=1: hail-reply border r1 hail=h1 from=us/desk/d state=accepted",
		"from us/hook/h id=1: page-result border p1 hail=h1 from=us/hook/h round=1 step=1",
		"from us/desk/d id=1: incident border a1 incident=i from=us/desk/d act=close disposition=resolved",
		"from us/desk/d id=1: duty border d1 from=us/desk/d role=us/desk/d act=off",
		"from mx/relay: progress border present=mx/desk/m",
		"from us/unit/a id=1: incident calling a2 incident=i from=us/unit/a act=re-arm epoch=1",
		"from us/recorder/r id=1: subscribe calling alias=1",
		"from us/authority id=1: put-charter border",
		"from us/authority id=1: trust-list signed=x",
		"from us/authority re=1: enrol-reply reply=x",
		"from mx/relay as mx/desk/m id=1: floor-request border burst=5 priority=peril queue=true",
		"from mx/relay as us/unit/a: floor-granted calling burst=3",
		"from mx/relay as us/unit/a: floor-deny calling burst=3 code=400",
		"from mx/relay as us/unit/a: floor-revoke calling burst=3 code=402",
		"from mx/relay as us/unit/a: floor-queue-position calling burst=3 position=1",
		"from mx/relay as us/unit/a: floor-warning calling burst=3 left-ms=1",
		"from mx/relay: floor-taken calling burst=3 holder=us/unit/a leaf=1 priority=routine",
		"from mx/relay: floor-idle calling",
		"from mx/relay: entries calling head=7",
		"from mx/relay re=2: group-info calling",
		"from mx/relay re=2: refused code=300",
		"from mx/relay re=3: entries calling head=7",
		"from mx/relay re=3: refused code=310",
		"from mx/relay re=4: subscribed other alias=7 head=1 epoch=1",
		"from mx/relay re=4: done",
		"from mx/relay re=4: refused code=300",
		"from mx/relay id=1: subscribe channel=raw:01234567890123456789012345678901 alias=1",
		"from mx/relay re=1: appended calling t1 seq=3",
		"from mx/relay: welcome calling id=w2 to=us/unit/a",
		"from mx/relay: welcome-ack w to=mx/desk/m",
		"from mx/relay id=1: channel-offer calling created=true",
		"from mx/relay re=1: subscribed calling alias=3",
		"from mx/relay re=1: key-package package=raw:x",
		"from mx/relay re=1: group-info calling",
		"from ca/relay id=1 hops=2: fetch-key-package name=mx/desk/m suite=2 channel=border",
		"from newcomer1 id=1: enrol request=x",
		"from newcomer1 re=1: done",
	}
}

// FuzzFrames feeds arbitrary frames of every role into a prepared hub: those
// that the permission table lets through must neither panic, nor be answered
// to a link that is not there, nor, if refused, leave a trace in the state.
// An input is a list of: role, length u16, wire.Frame.
func FuzzFrames(f *testing.F) {
	w := preparedHub(f)
	planted, reached := 0, 0 // a seed without an effect tests nothing
	for _, line := range seedFrames() {
		head, body, _ := strings.Cut(strings.TrimPrefix(line, "from "), ": ")
		link, _, _ := strings.Cut(head, " ")
		w.watch = func(effects []hub.Effect) { reached += min(len(effects), 1) }
		w.sniff = func(in *wire.Frame) {
			f.Add(appendFuzzed(nil, link, in))
			planted++
		}
		if err := w.from(head + ": " + body); err != nil {
			f.Fatalf("%s: %v", line, err)
		}
	}
	if planted < 40 || reached < planted/2 {
		f.Fatalf("%d seeds, of which %d have an effect", planted, reached)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w := preparedHub(t)
		for len(data) >= 3 {
			label := roles()[int(data[0])%len(roles())]
			n := min(int(binary.BigEndian.Uint16(data[1:])), len(data)-3)
			octets := data[3 : 3+n]
			data = data[3+n:]
			frame := new(wire.Frame)
			if pb.Unmarshal(octets, frame) != nil {
				continue
			}
			peer, _ := parseName(label) // a newcomer has none
			if proto.Permit(proto.KindOf(frame), n, w.self, peer, proto.Greeted) != nil {
				continue
			}
			w.apply(hub.FrameIn{Link: w.links[label], Frame: frame})
			w.apply(hub.Tick{})
		}
	})
}

func appendFuzzed(b []byte, label string, in *wire.Frame) []byte {
	octets, _ := pb.Marshal(in) // cannot fail: the parts are ours
	for i, r := range roles() {
		if r == label {
			b = append(b, byte(i))
		}
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(octets))), octets...)
}
