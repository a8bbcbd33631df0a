package hub_test

import (
	"slices"
	"strings"
	"testing"
)

// TestGroupInfoOfAnotherCommitIsTold: a commit that overtakes the hub's answer is followed;
// the group information beside it, which is another's, is audited and told to nobody.
func TestGroupInfoOfAnotherCommitIsTold(t *testing.T) {
	w := newWorld(t)
	w.deep = false // the answer is taken, though what the audit tells of is group information too
	for _, line := range []string{
		"charter border owner=mx party=mx:send=desk party=us:send=unit+desk",
		"channel border mx/desk/m us/unit/a",
		"make c1 by mx/desk/m on border update",
		"up us/unit/a",
		"up us/unit/b",
		"up mx/relay",
		"from mx/relay: channel-offer border created=true",
		"from us/unit/a: subscribe border alias=1",
		"from mx/relay re=last: subscribed border alias=7 head=1 epoch=1",
		"from mx/relay: entries border entries=2:c1:1:border-1 head=2",
		"from mx/relay re=last: group-info border group-info=border-1 head=1",
		"from us/unit/b id=1: fetch-group-info border",
	} {
		do(t, w, "%s", line)
	}
	for _, want := range []string{
		"audit peer=mx/relay kind=48 border refused: the change of membership is not valid: mls: group information does not match this state",
		"write channels/border charter=border group_info=none (epoch 2) head=2",
		"send mx/relay FetchGroupInfo border id=3 hops=1 endpoint=us/unit/b",
	} {
		if !slices.ContainsFunc(w.lines, func(l string) bool { return strings.HasPrefix(l, want) }) {
			t.Errorf("no %q in\n%s", want, strings.Join(w.lines, "\n"))
		}
	}
}
