package relay

import (
	"fmt"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// ladderBodies puts a step of a ladder, or an act on an incident, into the words of a
// record: a line for each whom a step reaches.
func ladderBodies(e hub.Recorded, h hub.Said) []said {
	switch item := h.Entry.Item.(type) {
	case *wire.Entry_Page:
		return pageBodies(e.Actor, item.Page)
	case *wire.Entry_Incident:
		if b := actBody(item.Incident, h.Had); b != nil {
			return []said{{e.Actor, b}}
		}
	}
	return nil
}

// pageBodies: with the addressee, at step 0, a later round begins. A step of which an
// exercise leaves the hooks alone reaches nobody, and has no line.
func pageBodies(actor proto.Name, m *wire.Page) []said {
	hail := proto.MessageID(m.Hail)
	if m.Step == 0 {
		return []said{{actor, &record.ReArmed{Hail: hail, Reason: fmt.Sprintf("round %d", m.Round)}}}
	}
	list := []said{}
	for _, word := range m.To {
		to, _ := proto.ParseName(word) // the charter names it
		list = append(list, said{actor, &record.LadderStep{Hail: hail, Step: uint16(m.Step), To: to}})
	}
	return list
}

func actBody(m *wire.Incident, had proto.Name) record.Body {
	switch proto.Act(m.Act) {
	case proto.ActHandOver:
		to, _ := proto.ParseName(m.To) // the hub has read it
		return &record.Handover{Role: to, From: had.String(), To: to.String()}
	case proto.ActMerge:
		return &record.Merged{Incident: proto.IncidentID(m.Into)}
	case proto.ActRearm:
		return &record.ReArmed{}
	case proto.ActClose:
		return &record.Closed{Disposition: proto.Disposition(m.Disposition).String()}
	}
	return nil
}

// resultBody is a hook's own word on its page. What it tried, and how often, is in its
// delivery log.
func resultBody(m *wire.PageResult) record.Body {
	outcome := "delivered"
	if m.Reason != 0 {
		outcome = "failed"
	}
	from, _ := proto.ParseName(m.From) // the hub has read it
	return &record.Page{
		Hail: proto.MessageID(m.Hail), Delivery: proto.MessageID(m.Id).String(), Hook: from.Short(), Attempt: 1, Outcome: outcome,
	}
}
