package hub

import (
	"fmt"
	"testing"
	"time"

	"crossband/proto"
)

// holding is a hub that holds as many notices of n agencies as it may, each of which
// replaces the one before.
func holding(n int) *Hub {
	h := New(proto.Name{Agency: "us.example", Role: proto.RoleRelay, Label: "1"}, nil)
	h.now = quotaNow()
	for p := range n {
		agency := proto.Agency(fmt.Sprintf("a%d.example", p))
		var last proto.NoticeID
		for i := range proto.MaxNotices {
			n := &proto.Notice{ID: proto.NoticeID{byte(p), byte(i), 1}, Agency: agency, Issued: h.now.Add(time.Duration(i) * time.Second), Ends: h.now.Add(time.Hour), Replaces: last}
			last = n.ID
			d := &heldDocument{Document: proto.Document{Kind: proto.DocumentNotice, ID: proto.DocumentID{byte(p), byte(i)}, Issuer: agency, Concerns: []proto.Agency{agency, "us.example"}, Notice: n, Ends: n.Ends}, signed: make([]byte, 1000)}
			h.keepDocument(d)
		}
	}
	return h
}

func handAll(h *Hub) int {
	h.out = nil
	l := newLink(1, unitOf("us.example", "a"))
	h.handDocuments(l)
	return len(h.out) + len(l.portions.later)
}

// TestHandingDocumentsCostsLittle: what each link costs that comes up grows with the
// documents and not faster. A thousand devices come back at once.
func TestHandingDocumentsCostsLittle(t *testing.T) {
	h := holding(8)
	if got := handAll(h); got != 8*proto.MaxNotices {
		t.Fatalf("%d documents handed", got)
	}
	const most = 8 // allocations for each: its frame, and its part of the lists
	if got := testing.AllocsPerRun(5, func() { handAll(h) }) / (8 * proto.MaxNotices); got > most {
		t.Errorf("%.1f allocations for each document, want at most %d", got, most)
	}
}

// TestNoticesLastAsLongAsWhatTheyReplace: in whatever order they came.
func TestNoticesLastAsLongAsWhatTheyReplace(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}} {
		h := New(proto.Name{Agency: "us.example", Role: proto.RoleRelay, Label: "1"}, nil)
		hours := []int{1, 5, 2, 3}
		for _, i := range order {
			n := &proto.Notice{ID: proto.NoticeID{byte(i + 1)}, Ends: quotaNow().Add(time.Duration(hours[i]) * time.Hour)}
			if i > 0 {
				n.Replaces = proto.NoticeID{byte(i)}
			}
			h.keepDocument(&heldDocument{Document: proto.Document{Kind: proto.DocumentNotice, ID: proto.DocumentID{byte(i)}, Notice: n, Ends: n.Ends}})
		}
		ends := h.documents.noticeEnds()
		for i, want := range []int{1, 5, 5, 5} {
			if got := ends[proto.NoticeID{byte(i + 1)}].Sub(quotaNow()); got != time.Duration(want)*time.Hour {
				t.Errorf("brought as %v: notice %d lasts %v, want %d h", order, i, got, want)
			}
		}
	}
}

// BenchmarkHandDocuments is what one link costs that comes up, by how many agencies
// hold all the notices that they may.
func BenchmarkHandDocuments(b *testing.B) {
	for _, n := range []int{1, 2, 8} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := holding(n)
			b.ReportAllocs()
			for b.Loop() {
				handAll(h)
			}
		})
	}
}

// TestNoticesLeaveRoomForAgreements: however many there are, and however large.
func TestNoticesLeaveRoomForAgreements(t *testing.T) {
	for _, octets := range []int{1000, proto.MaxNotice} {
		h := New(proto.Name{Agency: "us.example", Role: proto.RoleRelay, Label: "1"}, nil)
		h.now = quotaNow()
		var full error
		held := 0
		for i := 0; full == nil && i <= proto.MaxDocuments; i++ {
			n := &proto.Notice{ID: proto.NoticeID{byte(i), byte(i >> 8), 1}, Issued: h.now, Ends: h.now.Add(time.Hour)}
			issuer := proto.Agency(fmt.Sprintf("a%d.example", i%40))
			d := &heldDocument{Document: proto.Document{Kind: proto.DocumentNotice, ID: proto.DocumentID{byte(i), byte(i >> 8)}, Issuer: issuer, Notice: n, Ends: n.Ends}, signed: make([]byte, octets)}
			if full = h.documentRoom(d); full == nil {
				h.keepDocument(d)
				held++
			}
		}
		if proto.ReasonOf(full) != proto.ReasonFull || held > proto.MaxDocuments*3/4 || held*octets > maxDocumentOctets*3/4 {
			t.Errorf("%d notices of %d octets, then %v", held, octets, full)
		}
		var err error
		for i := 0; err == nil && i < proto.MaxDocuments/5; i++ {
			a := &proto.Agreement{ID: proto.AgreementID{byte(i), byte(i >> 8)}}
			d := &heldDocument{Document: proto.Document{Kind: proto.DocumentAgreement, ID: proto.DocumentID{byte(i), byte(i >> 8), 9}, Agreement: a}, signed: make([]byte, 8000)}
			if err = h.documentRoom(d); err == nil {
				h.keepDocument(d)
			}
		}
		if err != nil {
			t.Errorf("an agreement beside %d notices of %d octets: %v", held, octets, err)
		}
	}
}
