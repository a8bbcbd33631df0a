package client

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
)

// tellLocked says, for the incident's record, what the burst was. Nobody waits for it:
// what is said without the hub is in no record.
func (t *talk) tellLocked() {
	s, ch := t.ch.s, t.ch
	if ch.charter.Kind != proto.KindIncident || t.report.Granted.IsZero() || t.report.Local || t.report.Blocks == 0 {
		return
	}
	digest := record.Digest(t.blocks.Sum(nil))
	signature, certificate, err := record.SignBurst(s.identity, record.BurstStatement{
		Incident: ch.charter.Incident, Channel: ch.id, Burst: t.burst.id, Digest: digest,
	})
	if err != nil {
		s.log.Warn("burst not signed for the record", "why", err.Error())
		return
	}
	s.tellLocked(&wire.Frame{Body: &wire.Frame_Burst{Burst: &wire.Burst{
		Channel: ch.id[:], Burst: t.burst.id[:], Digest: digest[:], Signature: signature, Certificate: certificate[:],
		Milliseconds: uint32((time.Duration(t.report.Sent) * proto.VoiceFrame).Milliseconds()),
	}}})
}

// Letters kept so that what was said can be shown later.
const (
	letterKey  = "letter-"
	maxLetters = 10_000 // of one device; beyond it nothing more is kept
)

// keepLetterLocked keeps, at desks and recorders, what was said of an incident with
// the salt that proves it. Units keep nothing: what is not on a handset is not lost
// with it.
func (ch *Channel) keepLetterLocked(envelope proto.Envelope, letter []byte) {
	s := ch.s
	incident := ch.incidentOfLocked(envelope)
	if incident == (proto.IncidentID{}) || !keepsLetters(s.Name().Role) {
		return
	}
	if s.letters >= maxLetters {
		return
	}
	key := letterKey + incident.String() + "-" + hex.EncodeToString(envelope.GetId())
	if err := s.saveLocked(key, letter); err != nil {
		s.log.Warn("letter not kept", "incident", incident.String(), "why", err.Error())
		return
	}
	s.letters++
}

func keepsLetters(r proto.Role) bool { return r == proto.RoleDesk || r == proto.RoleRecorder }

// incidentOfLocked says to which incident a message belongs; the zero one: to none.
func (ch *Channel) incidentOfLocked(envelope proto.Envelope) proto.IncidentID {
	switch m := envelope.(type) {
	case *wire.Hail:
		id, err := proto.IncidentIDFrom(m.Incident)
		if err == nil {
			return id
		}
	case *wire.HailReply:
		if id, err := proto.MessageIDFrom(m.Hail); err == nil && ch.s.hails[id] != nil {
			return ch.s.hails[id].incident
		}
	}
	return ch.charter.Incident
}

// Record fetches an incident's record from this agency's relay: each log that it
// keeps or follows, with the checkpoints and the certificates of who signed. Nothing
// of it has been verified: see record.Verify.
//
// Only desks and recorders may fetch one.
func (s *Session) Record(ctx context.Context, incident proto.IncidentID) (*record.Export, error) {
	if !keepsLetters(s.Name().Role) {
		return nil, proto.Refusef(proto.ReasonForbidden, "%s fetches a record; desks and recorders may", s.Name())
	}
	a, err := s.callWide(ctx, s.Name().Agency, noHurry, fetchRecord(&wire.FetchRecord{Incident: incident[:]}))
	if err != nil {
		return nil, err
	}
	x := &record.Export{Incident: incident, From: s.Name()}
	for _, agency := range a.GetRecordPage().GetLogs() {
		if err := s.recordLog(ctx, x, incident, agency); err != nil {
			return nil, err
		}
	}
	return x, nil
}

func fetchRecord(m *wire.FetchRecord) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_FetchRecord{FetchRecord: m}}
}

// maxRecordPages bounds how long a relay may go on with one part of a record: several
// times what the largest export has.
const maxRecordPages = 1 << 14

// recordPages fetches one part of a log.
func (s *Session) recordPages(ctx context.Context, o record.Origin, part wire.FetchRecord_Part, take func(*wire.RecordPage) error) error {
	m := &wire.FetchRecord{Incident: o.Incident[:], Agency: string(o.Agency), Part: part}
	for range maxRecordPages {
		a, err := s.callWide(ctx, s.Name().Agency, noHurry, fetchRecord(m))
		if err != nil {
			return err
		}
		p := a.GetRecordPage()
		if err := take(p); err != nil || len(p.GetNext()) == 0 {
			return err
		}
		m = &wire.FetchRecord{Incident: m.Incident, Agency: m.Agency, Part: part, From: p.Next}
	}
	return proto.Refuse(proto.ReasonTooLarge, "record")
}

// recordLog fetches one log, which may grow meanwhile: the checkpoints first, so that
// the lines under them are there, and the certificates last, so that those of everybody
// who signed are. Certificates under which nothing is signed are left out.
func (s *Session) recordLog(ctx context.Context, x *record.Export, incident proto.IncidentID, agency string) error {
	name, err := proto.ParseAgency(agency)
	if err != nil {
		return proto.Refuse(proto.ReasonMalformed, "log of an agency")
	}
	l := record.ExportedLog{Origin: record.Origin{Agency: name, Incident: incident}}
	err = s.recordPages(ctx, l.Origin, wire.FetchRecord_CHECKPOINTS, func(p *wire.RecordPage) error {
		l.Checkpoints = append(l.Checkpoints, p.GetCheckpoints()...)
		return atMost(len(l.Checkpoints), record.MaxCheckpoints)
	})
	if err != nil {
		return err
	}
	err = s.recordPages(ctx, l.Origin, wire.FetchRecord_LINES, func(p *wire.RecordPage) error {
		l.Entries = append(l.Entries, p.GetLines()...)
		attach(x, p)
		return atMost(len(l.Entries), record.MaxEntries)
	})
	if err != nil {
		return err
	}
	needs := l.Needs()
	err = s.recordPages(ctx, l.Origin, wire.FetchRecord_CHAINS, func(p *wire.RecordPage) error {
		for _, c := range p.GetChains() {
			if len(x.Chains) < record.MaxChains && needs.Chain(c.Certificates) {
				x.Chains = append(x.Chains, c.Certificates)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(l.Entries) > 0 {
		e, err := record.ParseEntry(l.Entries[0])
		if opened, ok := e.Body.(*record.Opened); err == nil && ok {
			x.Exercise = opened.Exercise
		}
	}
	x.Logs = append(x.Logs, l)
	return nil
}

func atMost(n, most int) error {
	if n > most {
		return proto.Refuse(proto.ReasonTooLarge, "record")
	}
	return nil
}

// attach adds the agreements that the lines of a page name and that came with it.
func attach(x *record.Export, p *wire.RecordPage) {
	for _, line := range p.GetLines() {
		e, err := record.ParseEntry(line)
		if err != nil {
			continue // for Verify to say
		}
		named, ok := e.Body.(*record.Agreement)
		if !ok || slices.ContainsFunc(x.Agreements, func(a []byte) bool { return record.DigestOf(a) == named.Document }) {
			continue
		}
		for _, signed := range p.GetDocuments() {
			if record.DigestOf(signed) == named.Document && len(x.Agreements) < record.MaxAgreements {
				x.Agreements = append(x.Agreements, signed)
				break
			}
		}
	}
}

// Reveal adds to a record what this device can show of what was said: the letters
// that it kept, each with the salt that proves it.
func (s *Session) Reveal(x *record.Export) error {
	for i := range x.Logs {
		l := &x.Logs[i]
		for n, line := range l.Entries {
			e, err := record.ParseEntry(line)
			if err != nil {
				continue // for Verify to say
			}
			id, sealed := messageOf(e.Body)
			if !sealed {
				continue
			}
			r, err := s.letter(x.Incident, id)
			if err != nil {
				return err
			}
			if r != nil {
				l.Reveals = append(l.Reveals, record.Reveal{Index: uint64(n), Salt: r.Salt, Content: r.Message})
			}
		}
	}
	return nil
}

func messageOf(b record.Body) (proto.MessageID, bool) {
	switch b := b.(type) {
	case *record.Text:
		return b.Message, true
	case *record.Hail:
		return b.Message, true
	case *record.Reply:
		return b.Message, true
	}
	return proto.MessageID{}, false
}

func (s *Session) letter(incident proto.IncidentID, id proto.MessageID) (*wire.Letter, error) {
	octets, err := s.cfg.State.Load(letterKey + incident.String() + "-" + id.String())
	if err != nil || octets == nil {
		return nil, err
	}
	l := new(wire.Letter)
	if err := pb.Unmarshal(octets, l); err != nil {
		return nil, proto.Refuse(proto.ReasonLost, "kept letter "+id.String())
	}
	return l, nil
}
