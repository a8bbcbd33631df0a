package hub_test

import (
	"fmt"
	"testing"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// A hub invents readers by the thousand: a follower without a roster stores none
// of them and tells nobody.
func TestInventedReaders(t *testing.T) {
	w := newWorld(t)
	w.mute, w.deep = true, false
	do(t, w, "charter calling owner=mx kind=calling party=mx:send=desk party=us:send=unit+desk")
	for _, c := range []string{
		"up us/unit/a", "up mx/relay", "from mx/relay: channel-offer calling created=true",
		"from us/unit/a: subscribe calling alias=1", "from mx/relay re=1: subscribed calling alias=7 head=3 epoch=2",
	} {
		do(t, w, "%s", c)
	}
	id := w.made.channels["calling"]
	for i := range 20 {
		p := &wire.Progress{Channel: id[:]}
		for j := range 400 {
			p.Read = append(p.Read, &wire.Progress_Mark{Name: fmt.Sprintf("spiffe://gn.example/desk/%d-%d", i, j), Seq: 1})
		}
		w.hub.Apply(w.now, hub.FrameIn{Link: w.links["mx/relay"], Frame: &wire.Frame{Body: &wire.Frame_Progress{Progress: p}}})
	}
	for range 60 {
		w.now = w.now.Add(hub.TickEvery)
		for _, e := range w.hub.Apply(w.now, hub.Tick{}) {
			if x, ok := e.(hub.Write); ok {
				t.Errorf("%d octets written to %s", len(x.Value), x.Bucket)
			}
			if x, ok := e.(hub.Send); ok && x.Frame.GetProgress() != nil {
				t.Errorf("%d readers told", len(x.Frame.GetProgress().Read))
			}
		}
	}
}

// A record that holds more readers than a channel can have members is cut when it
// is loaded.
func TestStoredReadersAreBounded(t *testing.T) {
	w := newWorld(t)
	w.mute = true
	do(t, w, "charter border kind=standing party=us:send=unit+desk")
	do(t, w, "up us/unit/a")
	do(t, w, "channel border us/unit/a")
	id := w.made.channels["border"]
	v := new(wire.StoredMarks)
	for i := range 2 * proto.MaxMembers {
		v.Read = append(v.Read, &wire.Progress_Mark{Name: fmt.Sprintf("spiffe://usbp.example/unit/%d", i), Seq: 1})
	}
	octets, err := pb.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	w.disk.write(hub.Write{Bucket: "marks", Key: id[:], Value: octets})
	w.restart()
	told := 0
	w.watch = func(effects []hub.Effect) {
		for _, e := range effects {
			if s, ok := e.(hub.Send); ok {
				told += len(s.Frame.GetProgress().GetRead())
			}
		}
	}
	do(t, w, "up us/unit/a")
	do(t, w, "from us/unit/a: subscribe border alias=1")
	if told != proto.MaxMembers {
		t.Errorf("%d readers told after a restart, want %d", told, proto.MaxMembers)
	}
}
