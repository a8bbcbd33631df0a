package report

import (
	"fmt"

	"crossband/crypto/record"
	"crossband/proto"
)

// Document is one message or alert as a file of its own.
type Document struct {
	Name string // such as "01-RequestResource.xml"
	XML  []byte
}

func documentName(n int, kind string) string { return fmt.Sprintf("%02d-%s.xml", n+1, kind) }

// exchange is one call and what was answered to it.
type exchange struct {
	hail    proto.MessageID
	call    *Event   // nil: the call is not in the record
	replies []*Event // in order
	closed  *Event   // that closed the incident, if nothing ended the call before
}

// hailBody returns the call, or one that says nothing.
func (x *exchange) hailBody() *record.Hail {
	if x.call == nil {
		return &record.Hail{Message: x.hail}
	}
	return x.call.Entry.Body.(*record.Hail)
}

// caller returns who called, or nobody.
func (x *exchange) caller() proto.Name {
	if x.call == nil {
		return proto.Name{}
	}
	return x.call.Entry.Actor
}

// over reports whether the call has come to an end.
func (x *exchange) over() bool {
	for _, r := range x.replies {
		if r.Entry.Body.(*record.Reply).State.Over() {
			return true
		}
	}
	return false
}

// exchanges gathers calls with their answers, in the order in which they occur.
// An entry that re-arms the incident takes back that it was closed.
func (i *Incident) exchanges() []*exchange {
	known := map[proto.MessageID]*exchange{}
	var list []*exchange
	of := func(id proto.MessageID) *exchange {
		if known[id] == nil {
			known[id] = &exchange{hail: id}
			list = append(list, known[id])
		}
		return known[id]
	}
	for n := range i.Events {
		e := &i.Events[n]
		switch b := e.body().(type) {
		case *record.Hail:
			if x := of(b.Message); x.call == nil {
				x.call = e
			}
		case *record.Reply:
			x := of(b.Hail)
			x.replies = append(x.replies, e)
		case *record.Closed:
			for _, x := range list {
				if !x.over() {
					x.closed = e
				}
			}
		case *record.ReArmed:
			for _, x := range list {
				x.closed = nil
			}
		}
	}
	return list
}
