package hub_test

import (
	"slices"
	"strings"
	"testing"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto/wire"
	"crossband/relay/hub"
)

// misfits are what may be stored beside the group of epoch 2 that commit c2 has made, and
// does not describe it.
func misfits(w *world) map[string][]byte {
	good := w.made.commits["c2"].groupInfo
	return map[string][]byte{
		"of the epoch before":                    w.made.commits["border-1"].groupInfo,
		"of another group with the same epoch":   w.made.commits["other"].groupInfo,
		"of the same group with a bit turned":    append(slices.Clone(good[:len(good)-1]), good[len(good)-1]^1),
		"of the same group, and its end is lost": good[:len(good)-1],
	}
}

// storedInfo puts other group information into the stored record of a channel, and starts
// the hub again.
func (w *world) storedInfo(channel string, groupInfo []byte) {
	w.t.Helper()
	id := w.made.channels[channel]
	v, bucket := new(wire.StoredChannel), w.disk["channels"]
	if err := pb.Unmarshal(bucket[string(id[:])], v); err != nil {
		w.t.Fatal(err)
	}
	v.GroupInfo = groupInfo
	octets, err := pb.Marshal(v)
	if err != nil {
		w.t.Fatal(err)
	}
	bucket[string(id[:])] = octets
	w.hub = hub.New(w.self, w.judge)
	w.holdHidden(w.hub)
	clear(w.routes)
	clear(w.links)
	w.lines = nil
	for _, x := range w.disk.load(w.hub, w.now) {
		w.perform(x)
		w.printf("%s", w.effect(x))
	}
}

// says fails unless what has happened since the last time has a line with each of the
// words, and none that begins as not.
func (w *world) says(why, not string, want ...string) {
	w.t.Helper()
	for _, words := range want {
		if !slices.ContainsFunc(w.lines, func(l string) bool { return strings.Contains(l, words) }) {
			w.t.Errorf("%s: no %q in\n%s", why, words, strings.Join(w.lines, "\n"))
		}
	}
	if i := slices.IndexFunc(w.lines, func(l string) bool { return strings.HasPrefix(l, not) }); not != "" && i >= 0 {
		w.t.Errorf("%s: %s", why, w.lines[i])
	}
	w.lines = nil
}

// TestAFollowerHoldsStoredGroupInfoAgainstItsGroup: what does not describe the group that
// was stored with it is told to no joiner, and asked for anew.
func TestAFollowerHoldsStoredGroupInfoAgainstItsGroup(t *testing.T) {
	w := newWorld(t)
	for _, line := range []string{
		"charter border owner=mx party=mx:send=desk party=us:send=unit+desk",
		"channel border mx/desk/m us/unit/a",
		"make c2 by mx/desk/m on border update",
		"make other by mx/desk/m on border update",
		"elsewhere border c2",
		"up us/unit/a",
		"up mx/relay",
		"from mx/relay: channel-offer border created=true",
		"from us/unit/a: subscribe border alias=1",
		"from mx/relay re=last: subscribed border alias=7 head=2 epoch=2",
		"from mx/relay re=last: group-info border group-info=c2 head=2",
	} {
		do(t, w, "%s", line)
	}
	again := func() {
		for _, line := range []string{"up us/unit/a", "up us/unit/b", "up mx/relay", "from us/unit/a: subscribe border alias=1", "from mx/relay re=last: subscribed border alias=7 head=2 epoch=2"} {
			do(t, w, "%s", line)
		}
	}
	told := "send us/unit/b GroupInfo border group_info=c2 charter=border head=2 ratchet_tree=c2"
	for why, groupInfo := range misfits(w) {
		w.storedInfo("border", groupInfo)
		w.says(why, "", "audit actor=us/relay border ALARM stored record lost refused: the stored message is damaged: the group information of epoch 2: ")
		again()
		w.says(why, "", "send mx/relay FetchGroupInfo border id=2 hops=1")
		do(t, w, "from us/unit/b id=1: fetch-group-info border")
		w.says(why, "send us/unit/b GroupInfo", "send mx/relay FetchGroupInfo border id=3 hops=1 endpoint=us/unit/b")
		do(t, w, "from mx/relay re=2: group-info border group-info=c2 head=2")
		do(t, w, "from us/unit/b id=2: fetch-group-info border")
		w.says(why, "send mx/relay FetchGroupInfo", told)
	}
	w.restart() // with what is right, nothing is said or asked
	w.lines = nil
	again()
	w.says("the right one", "send mx/relay FetchGroupInfo")
	do(t, w, "from us/unit/b id=1: fetch-group-info border")
	w.says("the right one", "send mx/relay FetchGroupInfo", told)
}

// TestAHubHoldsStoredGroupInfoAgainstItsGroup: it has nobody to ask, so who would join is
// refused until a member's commit brings the next.
func TestAHubHoldsStoredGroupInfoAgainstItsGroup(t *testing.T) {
	w := newWorld(t)
	for _, line := range []string{
		"charter border party=us:send=unit+desk party=mx:send=desk",
		"up us/unit/a",
		"up us/desk/m",
		"channel border us/desk/m us/unit/a",
		"make c2 by us/desk/m on border update",
		"make other by us/desk/m on border update",
		"from us/desk/m: commit border c2",
	} {
		do(t, w, "%s", line)
	}
	list := misfits(w)
	list["none"] = nil
	for why, groupInfo := range list {
		w.storedInfo("border", groupInfo)
		w.says(why, "", "audit actor=us/relay border ALARM stored record lost refused: the stored message is damaged: the group information of epoch 2: ")
		do(t, w, "up us/unit/b")
		do(t, w, "from us/unit/b id=1: fetch-group-info border")
		w.says(why, "send us/unit/b GroupInfo", "send us/unit/b Refused code=507 detail=the group information of epoch 2")
	}
	do(t, w, "make c3 by us/desk/m on border update")
	do(t, w, "up us/desk/m")
	do(t, w, "from us/desk/m: commit border c3")
	do(t, w, "from us/unit/b id=2: fetch-group-info border")
	w.says("the next commit", "", "send us/unit/b GroupInfo border group_info=c3 charter=border head=3 ratchet_tree=c3")
	w.restart()
}
