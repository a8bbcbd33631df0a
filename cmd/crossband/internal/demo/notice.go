package demo

import (
	"context"
	"fmt"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/rig"
	"crossband/cmd/internal/adminhttp"
	"crossband/proto"
)

// NoticeReport is the part of a Report on a change that is announced.
type NoticeReport struct {
	Seen         int `json:"seen"`         // agencies whose devices were told, the announcer's among them
	Acknowledged int `json:"acknowledged"` // partners whose authority has answered, as the announcer's relay shows it
	Breaks       int `json:"breaks"`       // things that the relay worked out for its partners
}

// announce has the US authority announce maintenance of its relay, and its partners
// answer.
func (s *scene) announce(ctx context.Context) error {
	us, mx, ca := s.agencies[0], s.agencies[1], s.agencies[2]
	now := time.Now()
	n, _, err := us.Dir.Announce(proto.Notice{
		To: []proto.Agency{mx.Name, ca.Name}, Kind: proto.NoticeMaintenance, Title: "New disks for the relay",
		Begins: now.Add(26 * time.Hour).Truncate(time.Second), Ends: now.Add(27 * time.Hour).Truncate(time.Second),
	}, now)
	if err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	s.say("notice", "%s announces: %s, from %s", us.Name, n.Title, n.Begins.UTC().Format(time.RFC3339))
	for _, d := range []*rig.Device{s.desk, s.guard, s.mountie} {
		if _, _, err := rig.Await(ctx, d, func(e client.ChangeNotice) bool { return e.Notice.ID == n.ID }); err != nil {
			return fmt.Errorf("the notice does not come to %s: %w", d.Short(), err)
		}
		s.report.Notice.Seen++
	}
	for _, a := range []*agency{mx, ca} {
		if _, _, err := a.Dir.AnswerNotice(proto.NoticeAnswer{Notice: n.ID, Of: us.Name}, time.Now()); err != nil {
			return fmt.Errorf("%s answers: %w", a.Name, err)
		}
	}
	shown, err := s.answered(ctx, n.ID, 2)
	if err != nil {
		return err
	}
	s.report.Notice.Acknowledged, s.report.Notice.Breaks = len(shown.Answers), len(shown.Does)
	s.say("notice", "devices of %d agencies know; %d partners have answered that they have seen it", s.report.Notice.Seen, len(shown.Answers))
	for _, b := range shown.Does {
		s.say("", "for %s: %s", b.For, b.Text)
	}
	return nil
}

// answered waits until the announcer's relay shows so many answers.
func (s *scene) answered(ctx context.Context, id proto.NoticeID, answers int) (adminhttp.Notice, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		list, ok, err := s.agencies[0].Dir.Notices()
		if err != nil {
			return adminhttp.Notice{}, err
		}
		for _, n := range list.Held {
			if ok && n.ID == id.String() && len(n.Answers) >= answers {
				return n, nil
			}
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return adminhttp.Notice{}, fmt.Errorf("the answers to the notice do not come: %w", ctx.Err())
		}
	}
}
