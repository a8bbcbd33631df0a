package demo

import (
	"context"
	"fmt"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// LadderReport is the part of a Report on a call that nobody answers at first.
type LadderReport struct {
	Steps      int     `json:"steps"`           // that the hub made before somebody accepted
	LateMS     float64 `json:"late_ms"`         // of the latest of them, at the desk that was reached; 0: none was late
	EarlyMS    float64 `json:"early_ms"`        // of the one that came soonest before its time; 0: none did
	AcceptedBy string  `json:"accepted_by"`     // the neighbour's desk, across the border
	After      int     `json:"steps_after"`     // that came after the acceptance: none may
	Incident   bool    `json:"incident_opened"` // with the caller and the neighbour in it
	neighbour  string  // who is to accept
}

// step notes that a step came so long after its time; below 0: before it.
func (l *LadderReport) step(late time.Duration) {
	l.Steps++
	l.LateMS, l.EarlyMS = max(l.LateMS, ms(late)), max(l.EarlyMS, ms(-late))
}

// How far from its time a step may come, at the desk that it reaches.
const (
	mayBeLateMS  = 2000
	mayBeEarlyMS = 200
)

// The ladder of the agreement: an unanswered call reaches the supervisor, then the
// neighbour's desk across the border, then a desk that must never be reached here.
const (
	supervisorAfter = 2 * time.Second
	neighbourAfter  = 4 * time.Second
	lastAfter       = 6 * time.Second
)

func ladder() []proto.LadderStep {
	return []proto.LadderStep{
		{After: supervisorAfter, Page: []proto.Name{desk(mx, "acuna-supervisor")}},
		{After: neighbourAfter, Page: []proto.Name{desk(us, "del-rio")}},
		{After: lastAfter, Page: []proto.Name{desk(mx, "nuevo-laredo")}},
	}
}

func desk(a proto.Agency, label string) proto.Name {
	return proto.Name{Agency: a, Role: proto.RoleDesk, Label: label}
}

// escalate has a Mexican unit call its own desk, where nobody answers: the ladder
// climbs over the supervisor to the desk across the border, which accepts.
func (s *scene) escalate(ctx context.Context) error {
	code, ok := phrase.Lookup("medical-emergency")
	if !ok {
		return fmt.Errorf("the phrasebook has no medical-emergency")
	}
	what, err := phrase.Compose(code)
	if err != nil {
		return err
	}
	pressed := time.Now()
	h, err := s.patrol.Session.Channel(s.calling).Hail(ctx, s.guard.Session.Name(), what, client.HailOptions{Urgency: proto.PriorityUrgent})
	if err != nil {
		return fmt.Errorf("hail: %w", err)
	}
	s.say("ladder", "%s of %s calls its own desk, %s; nobody answers", s.patrol.Short(), s.patrol.Session.Name().Agency, s.guard.Short())
	for _, step := range []struct {
		to    *rig.Device
		after time.Duration
	}{{s.supervisor, supervisorAfter}, {s.desk, neighbourAfter}} {
		_, at, err := rig.Await(ctx, step.to, func(e client.HailReceived) bool { return e.ID == h.ID() && e.Rings })
		if err != nil {
			return fmt.Errorf("the ladder does not reach %s: %w", step.to.Short(), err)
		}
		s.report.Ladder.step(at.Sub(pressed.Add(step.after)))
		s.say("ladder", "after %v it rings at %s of %s", at.Sub(pressed).Round(100*time.Millisecond), step.to.Short(), step.to.Session.Name().Agency)
	}
	s.report.Ladder.neighbour = s.desk.Session.Name().String()
	there := s.desk.Session.FindHail(h.ID())
	if err := there.Reply(ctx, proto.HailAccepted, proto.ReasonNone, nil); err != nil {
		return fmt.Errorf("the neighbour accepts: %w", err)
	}
	return s.settled(ctx, h, pressed)
}

// settled waits for the incident, and beyond the moment of the step that is left.
func (s *scene) settled(ctx context.Context, h *client.Hail, pressed time.Time) error {
	moved, _, err := rig.Await(ctx, s.patrol, func(e client.HailMoved) bool { return e.Hail == h.ID() && e.State == proto.HailAccepted })
	if err != nil {
		return err
	}
	accepted := time.Now()
	s.report.Ladder.AcceptedBy = moved.By.String()
	id, err := h.WaitIncident(ctx)
	if err != nil {
		return fmt.Errorf("incident: %w", err)
	}
	_, _, err = rig.Await(ctx, s.desk, func(e client.Joined) bool { return e.Channel == id })
	s.report.Ladder.Incident = err == nil
	select {
	case <-time.After(time.Until(pressed.Add(lastAfter + time.Second))):
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, p := range rig.Every[client.Paged](s.patrol) {
		if p.Hail == h.ID() && p.At.After(accepted) {
			s.report.Ladder.After++
		}
	}
	s.say("ladder", "%s of %s accepts; the step that was left did not come; the two have a channel", s.desk.Short(), s.desk.Session.Name().Agency)
	return err
}
