package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"crossband/crypto/agreement"
	"crossband/proto"
	"crossband/proto/wire"
)

// No agreement, no channel: whatever the relays think, a channel between agencies is
// joined, spoken on and listened to only while this device holds an agreement that
// every agency concerned has signed and that allows the channel. The relay only
// carries the documents; they are judged here.

// Ending says that a channel will end: with its charter or agreement, by a party's
// withdrawal, or because a new revision allows it no more. It is said when
// EndingSaid is left, or what is left when it is learnt.
type Ending struct {
	Channel proto.ChannelID
	Left    time.Duration
	At      time.Time
	Why     *proto.Refusal
}

// ObserverThere says that an observer is in the channel: it hears and reads up to
// Until, and cannot send.
type ObserverThere struct {
	Channel proto.ChannelID
	Name    proto.Name
	Until   time.Time
}

func (Ending) event()        {}
func (ObserverThere) event() {}

// EndingSaid lists how long before a channel's end Ending is said.
func EndingSaid() []time.Duration {
	return []time.Duration{60 * time.Second, 30 * time.Second, 10 * time.Second}
}

// pacts are the agreements held and the documents that say so. The Session's mutex
// guards them.
type pacts struct {
	proto.Pacts
	documents map[proto.DocumentID]struct{}
	refused   map[proto.ChannelID]refusedOffer
	again     time.Time     // when the refused ones are judged again without news
	moved     chan struct{} // holds one token when an end has moved
}

// refusedOffer is a channel that no agreement allows, as far as is known.
type refusedOffer struct {
	offer   *wire.ChannelOffer
	charter proto.Charter
	why     *proto.Refusal
}

func newPacts() pacts {
	return pacts{Pacts: make(proto.Pacts), documents: make(map[proto.DocumentID]struct{}), refused: make(map[proto.ChannelID]refusedOffer), moved: make(chan struct{}, 1)}
}

// savedDocument is a document as it is kept.
type savedDocument struct {
	Kind   proto.DocumentKind
	Signed []byte
	Came   time.Time
}

const documentKey = "document-"

// stateKey orders documents so that each comes after those that it is about.
func stateKey(d *proto.Document) string {
	if w := d.Withdrawal; w != nil {
		return fmt.Sprintf("%s%d-%s-%s", documentKey, d.Kind, w.Agreement, w.By)
	}
	return agreementKey(d.Agreement.ID, d.Agreement.Revision)
}

func agreementKey(id proto.AgreementID, revision uint32) string {
	return fmt.Sprintf("%s%d-%s-%010d", documentKey, proto.DocumentAgreement, id, revision)
}

// documentLocked takes in a document that the relay hands on.
func (s *Session) documentLocked(b *wire.Document) []Event {
	kind, err := proto.ParseDocumentKind(int32(b.Kind))
	if err != nil {
		return nil // of a newer version
	}
	if _, held := s.pacts.documents[proto.DocumentIDOf(kind, b.Signed)]; held {
		return nil
	}
	d, err := agreement.Judge{Trust: s.trust}.Document(kind, b.Signed, time.Now())
	if err == nil && d.Agreement != nil && s.pacts.Holds(d.Agreement) {
		return nil // under other signatures
	}
	if err == nil {
		err = s.takeDocumentLocked(&d, savedDocument{kind, b.Signed, time.Now()})
	}
	if err != nil {
		s.log.Warn("document refused", "kind", kind.String(), "code", int(proto.ReasonOf(err)), "why", err.Error())
		return nil
	}
	s.log.Info("document taken", "kind", kind.String())
	s.findEndsLocked()
	return s.offerAgainLocked()
}

// takeDocumentLocked enters a document and keeps it.
func (s *Session) takeDocumentLocked(d *proto.Document, v savedDocument) error {
	if d.Withdrawal == nil && len(s.pacts.documents) >= proto.MaxDocuments {
		return proto.Refusef(proto.ReasonFull, "%d documents", len(s.pacts.documents))
	}
	replaced, err := s.placeDocumentLocked(d, v.Came)
	if err != nil {
		return err
	}
	if w := d.Withdrawal; w != nil {
		v.Came = s.pacts.Pacts[w.Agreement].WithdrawalOf(w.By).Came
	}
	octets, err := json.Marshal(v)
	if err == nil {
		err = s.saveLocked(stateKey(d), octets)
	}
	if err != nil { // it counts all the same, for as long as this run lasts
		s.log.Error("document not kept", "why", err.Error())
	}
	for _, revision := range replaced {
		if err := s.cfg.State.Delete(agreementKey(d.Agreement.ID, revision)); err != nil {
			s.log.Warn("replaced document not deleted", "why", err.Error())
		}
	}
	return nil
}

func (s *Session) placeDocumentLocked(d *proto.Document, came time.Time) (replaced []uint32, err error) {
	switch {
	case d.Agreement != nil && !slices.Contains(d.Agreement.Signers(), s.Name().Agency):
		return nil, proto.Refusef(proto.ReasonAgreement, "%q does not concern %s", d.Agreement.Title, s.Name().Agency)
	case d.Agreement != nil:
		replaced, err = s.pacts.Take(*d.Agreement, came)
	default:
		err = s.pacts.TakeWithdrawal(*d.Withdrawal, came)
	}
	if err == nil {
		s.pacts.documents[d.ID] = struct{}{}
	}
	return replaced, err
}

// restoreDocumentsLocked loads what the last run kept. It was judged when it came.
func (s *Session) restoreDocumentsLocked(names []string) error {
	for _, name := range slices.Sorted(slices.Values(names)) {
		if !strings.HasPrefix(name, documentKey) {
			continue
		}
		octets, err := s.cfg.State.Load(name)
		if err != nil {
			return fmt.Errorf("client: state: %w", err)
		}
		var v savedDocument
		var d proto.Document
		if err = json.Unmarshal(octets, &v); err == nil {
			d, err = agreement.Judge{Trust: s.trust}.ReadDocument(v.Kind, v.Signed)
		}
		if err == nil {
			_, err = s.placeDocumentLocked(&d, v.Came)
		}
		if err != nil {
			s.log.Warn("document not loaded", "key", name, "why", err.Error())
		}
	}
	return nil
}

// findEndsLocked finds out anew when channels end.
func (s *Session) findEndsLocked() {
	for _, ch := range s.channels {
		ch.findEndLocked()
	}
	s.pokeLocked()
}

// pokeLocked has endings look again.
func (s *Session) pokeLocked() {
	select {
	case s.pacts.moved <- struct{}{}:
	default:
	}
}

// findEndLocked finds out when the channel ends for us: an observer's own time may
// be over before.
func (ch *Channel) findEndLocked() {
	was := ch.end.At
	ch.end = ch.s.pacts.Running(&ch.charter, time.Now())
	if until, observes := ch.charter.Observes(ch.s.Name().Agency); observes && until.Before(ch.end.At) {
		ch.end = proto.End{At: until, Reason: proto.ReasonClosed, Detail: "we observed until " + until.UTC().Format(time.RFC3339)}
	}
	if ch.end.At.After(was) {
		ch.said = 0
	}
}

// offerAgainLocked judges again the offers for which there was no agreement. Who has
// been told of one is not told again that there is none.
func (s *Session) offerAgainLocked() (news []Event) {
	now := time.Now()
	for id, r := range s.pacts.refused {
		if err := s.pacts.Covers(&r.charter, now); err != nil {
			r.why = proto.AsRefusal(err)
			s.pacts.refused[id] = r
			continue
		}
		delete(s.pacts.refused, id)
		news = append(news, s.offerLocked(r.offer)...)
	}
	return news
}

// refusedLocked does offerAgainLocked at its times, and says when the next is: as an
// agreement begins, and at the latest after endingsLook.
func (s *Session) refusedLocked(now time.Time) (news []Event, next time.Time) {
	if !now.Before(s.pacts.again) {
		news = s.offerAgainLocked()
		s.pacts.again = now.Add(endingsLook)
		for _, r := range s.pacts.refused {
			if begins := s.pacts.Span(&r.charter, now, false).Begins; begins.After(now) && begins.Before(s.pacts.again) {
				s.pacts.again = begins
			}
		}
	}
	return news, s.pacts.again
}

// refuseOfferLocked remembers a channel that no agreement allows, so that who asks
// for it is told why, and tells a person.
func (s *Session) refuseOfferLocked(c *proto.Charter, b *wire.ChannelOffer, why *proto.Refusal) []Event {
	if len(s.pacts.refused) >= proto.MaxSubscribed {
		clear(s.pacts.refused)
	}
	_, told := s.pacts.refused[c.Channel]
	s.pacts.refused[c.Channel] = refusedOffer{b, *c, why}
	s.pacts.again = time.Time{}
	s.pokeLocked()
	s.changedLocked()
	if told {
		return nil
	}
	return []Event{Alarm{c.Channel, why}}
}

// Agreements lists the agreements that this device holds.
func (s *Session) Agreements() []proto.Agreement {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []proto.Agreement
	for _, p := range s.pacts.Pacts {
		list = append(list, *p.Current(time.Now()))
	}
	slices.SortFunc(list, func(a, b proto.Agreement) int { return strings.Compare(a.Title+a.ID.String(), b.Title+b.ID.String()) })
	return list
}

// Ends says when the channel ends, as far as this device knows.
func (ch *Channel) Ends() proto.End {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.end
}
