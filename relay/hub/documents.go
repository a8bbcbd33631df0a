package hub

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// Signed documents between agencies: a relay judges each, keeps it, and hands it to
// the relays of the agencies that it concerns and to its own endpoints, which judge
// it again. What a document means is for its kind to say (place); everything here
// is the same for all kinds.

const bucketDocuments = "documents" // by kind and what the kind is ordered by: wire.StoredDocument

const (
	maxDocumentOctets = 16 << 20           // of all documents held, without withdrawals
	maxDocumentsAsked = 64                 // requests that may wait on a link for a document to be one of them
	documentLife      = 7 * 24 * time.Hour // a document is handed out for so long after its end

	// What of it notices and their answers may have: without a notice one is surprised,
	// without an agreement nobody is heard.
	maxNoticesHeld   = proto.MaxDocuments * 3 / 4
	maxNoticesOctets = maxDocumentOctets * 3 / 4
)

// heldDocument is a document as it is kept.
type heldDocument struct {
	proto.Document
	signed []byte
	came   time.Time // to the millisecond
	place  string    // its key, once it is held
}

func (d *heldDocument) frame() *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_Document{Document: &wire.Document{Kind: wire.Document_Kind(d.Kind), Signed: d.signed}}}
}

// described names the document in a few words.
func (d *heldDocument) described() string {
	switch {
	case d.Agreement != nil:
		return fmt.Sprintf("agreement %s revision %d", d.Agreement.ID.Short(), d.Agreement.Revision)
	case d.Withdrawal != nil:
		return fmt.Sprintf("withdrawal of %s from agreement %s", d.Issuer, d.Withdrawal.Agreement.Short())
	}
	return d.Kind.String() + " " + d.ID.Short()
}

// key orders documents in the store so that each comes after those that it is about
// or follows.
func (d *heldDocument) key() []byte {
	k := []byte{byte(d.Kind)}
	switch {
	case d.Agreement != nil:
		return binary.BigEndian.AppendUint32(append(k, d.Agreement.ID[:]...), d.Agreement.Revision)
	case d.Withdrawal != nil:
		return append(append(k, d.Withdrawal.Agreement[:]...), d.Issuer...)
	case d.Notice != nil:
		return noticeKey(k, d.Notice)
	case d.NoticeAnswer != nil:
		return answerKey(k, d.NoticeAnswer)
	}
	return append(k, d.ID[:]...)
}

// document takes in a document. One that is held changes nothing, and is not handed
// round for ever. Neither does the text of one that is held under other signatures,
// which costs no judgement: of one signature whoever has it can make others that are
// good as well.
func (h *Hub) document(l *link, f *wire.Frame, b *wire.Document) error {
	kind, err := proto.ParseDocumentKind(int32(b.Kind))
	if err != nil {
		return err
	}
	if h.documents.held[proto.DocumentIDOf(kind, b.Signed)] != nil {
		return h.done(l, f)
	}
	d, err := h.readDocument(l, kind, b.Signed)
	if err != nil {
		return err
	}
	if old := h.heldText(d); old != nil {
		if err := h.heldAnew(l, old, d); err != nil {
			return err
		}
		return h.done(l, f)
	}
	if err := h.judgeDocument(l, d); err != nil {
		return err
	}
	if err := h.takeDocument(l, d); err != nil {
		return err
	}
	return h.done(l, f)
}

// readDocument reads a document that is not held, from who may bring it. No signature
// is judged.
func (h *Hub) readDocument(l *link, kind proto.DocumentKind, signed []byte) (*heldDocument, error) {
	if err := h.quotas.spendOwn(h.now, l, h.isPeer(l), useJudge, 1); err != nil {
		return nil, err
	}
	read, err := h.judge.ReadDocument(kind, signed)
	if err != nil {
		return nil, err
	}
	d := &heldDocument{Document: read, signed: signed, came: h.now.Truncate(time.Millisecond)}
	if d.NoticeAnswer != nil {
		if err := h.quotas.spendOwn(h.now, l, h.isPeer(l), useAnswer, 1); err != nil {
			return nil, err
		}
	}
	return d, h.mayBring(l, d)
}

// takeDocument takes in a document that has been judged, and hands it round.
func (h *Hub) takeDocument(l *link, d *heldDocument) error {
	if err := h.freshNotice(d); err != nil {
		return err
	}
	if err := h.notBehindLost(d); err != nil {
		return err
	}
	if err := h.documentRoom(d); err != nil {
		return err
	}
	replaced, err := h.place(d)
	if err != nil {
		return err
	}
	for _, old := range replaced {
		h.dropDocument(old)
	}
	h.keepDocument(d)
	h.emit(Audit{Peer: l.peer, Kind: proto.KindDocument, What: d.described() + " taken"})
	h.handRound(l, d)
	for _, w := range h.foundAgain(d) {
		h.emit(Audit{Actor: h.self, Kind: proto.KindDocument, What: w.described() + " counts again"})
		h.handRound(nil, w)
	}
	h.findEnds() // last: a channel that it lets run again is offered to who has it
	return nil
}

// handRound hands a new document to all that need it, but who has brought it.
func (h *Hub) handRound(from *link, d *heldDocument) {
	for _, p := range sortedLinks(h.peers) {
		if p != from && h.needs(p, d) {
			h.handDocument(p, d)
		}
	}
	for _, e := range sortedLinks(h.names) {
		if e.peer.Role.IsEndpoint() && h.needs(e, d) {
			h.handDocument(e, d)
		}
	}
}

// judgeDocument judges a document's signatures, each of which costs who brings it.
func (h *Hub) judgeDocument(l *link, d *heldDocument) error {
	if err := h.spendSignatures(l, d); err != nil {
		return err
	}
	_, err := h.judge.Document(d.Kind, d.signed, h.now)
	return err
}

// mayBring lets in what concerns this agency, from itself and from those whom it
// concerns as well.
func (h *Hub) mayBring(l *link, d *heldDocument) error {
	switch {
	case d.Withdrawal != nil && h.pacts[d.Withdrawal.Agreement] == nil:
		return proto.Refusef(proto.ReasonNoAgreement, "a withdrawal from agreement %s, which is not held", d.Withdrawal.Agreement.Short())
	case !h.concerned(d, h.self.Agency):
		reason := proto.ReasonAgreement
		if d.Notice != nil || d.NoticeAnswer != nil {
			reason = proto.ReasonNotice
		}
		return proto.Refusef(reason, "the %s does not concern %s", d.Kind, h.self.Agency)
	case h.isPeer(l) && !h.concerned(d, l.peer.Agency):
		return proto.Refusef(proto.ReasonSpokenFor, "the %s does not concern %s", d.Kind, l.peer.Agency)
	}
	return nil
}

// concerned reports whether an agency gets a document.
func (h *Hub) concerned(d *heldDocument, a proto.Agency) bool {
	if d.Withdrawal != nil {
		return h.pacts.Concern(d.Withdrawal.Agreement, a)
	}
	return slices.Contains(d.Concerns, a)
}

// needs reports whether a link is handed a document.
func (h *Hub) needs(l *link, d *heldDocument) bool {
	if h.isPeer(l) {
		return h.concerned(d, l.peer.Agency)
	}
	return forEndpoints(d)
}

// forEndpoints reports whether devices have a use for a document. Answers to notices
// are for administrators.
func forEndpoints(d *heldDocument) bool { return d.NoticeAnswer == nil }

// documentRoom refuses what there is no place for. For a withdrawal there always is:
// each party has one for each agreement that is held, and nothing may keep it from
// being heard.
func (h *Hub) documentRoom(d *heldDocument) error {
	if d.Withdrawal != nil {
		return nil
	}
	if err := h.storeRoom(false); err != nil {
		return err
	}
	all, notices, issued := room{octets: len(d.signed)}, room{octets: len(d.signed)}, 0
	for _, o := range h.documents.held {
		if o.Withdrawal != nil {
			continue
		}
		if all.add(o); o.Agreement == nil {
			notices.add(o)
		}
		if o.Issuer == d.Issuer {
			issued++
		}
	}
	switch {
	case all.documents >= proto.MaxDocuments || all.octets > maxDocumentOctets:
		return proto.Refusef(proto.ReasonFull, "%d documents", all.documents)
	case d.Agreement == nil && (notices.documents >= maxNoticesHeld || notices.octets > maxNoticesOctets):
		return proto.Refusef(proto.ReasonFull, "%d change notices and answers", notices.documents)
	case d.Issuer != "" && d.Issuer != h.self.Agency && issued >= proto.MaxPeerIssued:
		return proto.Refusef(proto.ReasonQuota, "%d documents of %s", issued, d.Issuer)
	}
	return nil
}

// room is what some documents take.
type room struct{ documents, octets int }

func (r *room) add(d *heldDocument) { r.documents, r.octets = r.documents+1, r.octets+len(d.signed) }

// place lets a document do what its kind does. It returns the documents whose place
// it takes; on an error nothing has changed.
func (h *Hub) place(d *heldDocument) (replaced []*heldDocument, err error) {
	switch {
	case d.Agreement != nil:
		return h.placeAgreement(d)
	case d.Withdrawal != nil:
		return h.placeWithdrawal(d)
	case d.Notice != nil:
		return nil, h.placeNotice(d.Notice)
	case d.NoticeAnswer != nil:
		return h.placeAnswer(d.NoticeAnswer)
	}
	return nil, proto.Refusef(proto.ReasonUnknown, "document of kind %d", d.Kind)
}

// keepDocument stores a document that has been placed.
func (h *Hub) keepDocument(d *heldDocument) {
	h.documents.enter(d)
	h.save(bucketDocuments, []byte(d.place), &wire.StoredDocument{Kind: wire.Document_Kind(d.Kind), Signed: d.signed, CameMs: d.came.UnixMilli()})
}

func (h *Hub) dropDocument(d *heldDocument) {
	h.documents.leave(d)
	delete(h.doubts, d.ID)
	h.erase(bucketDocuments, []byte(d.place))
}

// loadDocument takes in a document as it was stored. It was judged when it came.
func (h *Hub) loadDocument(e Loaded) error {
	v := new(wire.StoredDocument)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	kind, err := proto.ParseDocumentKind(int32(v.Kind))
	if err != nil {
		return err
	}
	read, err := h.judge.ReadDocument(kind, v.Signed)
	if err != nil {
		return err
	}
	d := &heldDocument{Document: read, signed: v.Signed, came: time.UnixMilli(v.CameMs)}
	if !bytes.Equal(d.key(), e.Key) {
		return proto.Refusef(proto.ReasonMalformed, "%s under another key", d.Kind)
	}
	if w := d.Withdrawal; w != nil && h.pacts[w.Agreement] == nil {
		h.lostDocuments.waiting[w.Agreement] = append(h.lostDocuments.waiting[w.Agreement], d)
		return nil
	}
	if _, err := h.place(d); err != nil {
		return err
	}
	h.documents.enter(d)
	if d.Agreement != nil {
		h.doubts[d.ID] = unsure // a list may have come since
	}
	return nil
}

// handDocuments hands a link that has come up every document that it needs, in the
// order in which they refer to each other.
func (h *Hub) handDocuments(l *link) {
	ends := h.documents.noticeEnds()
	for _, d := range h.documents.sorted {
		if h.needs(l, d) && h.now.Before(h.documentEnd(d, ends).Add(documentLife)) {
			h.handDocument(l, d)
		}
	}
}

// documentEnd is when a document is of no use any more, if notices are as ends says.
func (h *Hub) documentEnd(d *heldDocument, ends map[proto.NoticeID]time.Time) time.Time {
	switch {
	case d.Withdrawal != nil:
		return h.pacts.Last(d.Withdrawal.Agreement)
	case d.Notice != nil:
		return ends[d.Notice.ID]
	case d.NoticeAnswer != nil:
		return ends[d.NoticeAnswer.Notice]
	}
	return d.Ends
}

// handDocument hands a document on, in portions. A partner's relay is asked to answer
// what need not wait, so that an administrator learns of a refusal.
func (h *Hub) handDocument(l *link, d *heldDocument) {
	f, p := d.frame(), &l.portions
	if !h.isPeer(l) || len(p.later) > 0 || !p.ready(h.now) || len(l.pending) >= maxDocumentsAsked {
		h.hand(l, f)
		return
	}
	p.frames.Take(h.now, frameRate(), 1)
	p.octets.Take(h.now, octetRate(), float64(pb.Size(f)))
	h.ask(l, proto.ChannelID{}, f)
}
