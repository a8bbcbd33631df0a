package hub_test

import (
	"fmt"
	"strings"
	"testing"

	"crossband/proto"
	"crossband/relay/hub"
)

// TestChannelsAreBounded: a relay that is full refuses one more channel,
// whoever it comes from, and keeps what it has.
func TestChannelsAreBounded(t *testing.T) {
	w := newWorld(t)
	do(t, w, "up mx/relay")
	do(t, w, "up us/desk/d")
	for i := range proto.MaxChannels {
		do(t, w, "charter c%d owner=mx party=us:send=unit party=mx:send=desk", i)
		w.hub.Apply(w.now, hub.FrameIn{Link: w.links["mx/relay"], Frame: frameOf(t, w, fmt.Sprintf("channel-offer c%d created=true", i))})
	}
	do(t, w, "charter offered owner=mx party=us:send=unit party=mx:send=desk")
	do(t, w, "charter registered party=us:send=desk")
	for _, c := range []string{
		"from mx/relay: channel-offer offered created=true",
		"from self: put-charter registered",
	} {
		w.lines = nil
		do(t, w, "%s", c)
		if len(w.lines) != 1 || !strings.Contains(w.lines[0], "(600)") {
			t.Errorf("%s: %v, want one refusal for want of room", c, w.lines)
		}
	}
	if got := len(w.hub.View()); got != proto.MaxChannels {
		t.Errorf("%d channels, want %d", got, proto.MaxChannels)
	}
}
