package hub_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"crossband/proto"
)

// A bar outlives a restart by its record; a record that is damaged is refused.
func TestLoadBar(t *testing.T) {
	w := newWorld(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.charter(strings.Fields("border party=us:send=unit+desk")))
	must(w.up("us/desk/d"))
	must(w.up("us/unit/gone"))
	must(w.channel("border", []string{"us/desk/d"}))
	id := w.made.channels["border"]
	gone, err := parseName("us/unit/gone")
	must(err)
	key := append(id[:], gone.String()...)
	at := binary.BigEndian.AppendUint64(nil, uint64(start().UnixMilli()))
	for why, record := range map[string][2][]byte{
		"no name": {id[:], at}, "no channel": {id[:8], at}, "no time": {key, at[:4]}, "a name that is none": {append(id[:], "x"...), at},
	} {
		if err := w.hub.LoadBar(record[0], record[1]); proto.ReasonOf(err) != proto.ReasonMalformed {
			t.Errorf("%s: %v", why, err)
		}
	}
	var other proto.ChannelID
	must(w.hub.LoadBar(append(other[:], gone.String()...), at)) // of a channel that is over
	must(w.hub.LoadBar(key, at))
	w.lines = nil
	must(w.make(strings.Fields("c by us/unit/gone on border join")))
	must(w.from("us/unit/gone id=1: commit border c"))
	if trace := strings.Join(w.lines, "\n"); !strings.Contains(trace, fmt.Sprintf("Refused code=%d", proto.ReasonNotMember)) {
		t.Errorf("a barred name joins after a restart:\n%s", trace)
	}
}
