package demo

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

func hailContent() (phrase.Content, error) {
	code, ok := phrase.Lookup("shots-fired")
	if !ok {
		return phrase.Content{}, fmt.Errorf("the phrasebook has no shots-fired")
	}
	slots, err := phrase.ParseSlots(code, []string{"place=28.7091,-100.4995,old ferry crossing"})
	if err != nil {
		return phrase.Content{}, err
	}
	return phrase.Compose(code, slots...)
}

func (s *scene) sayInThree(c phrase.Content) {
	for _, l := range phrase.Languages() {
		s.say("", "%s: %s", l, c.Sentence(l))
	}
}

// agree waits until all see the same epoch with the same authenticator.
func (s *scene) agree(ctx context.Context, devices ...*rig.Device) error {
	for {
		epoch, auth := devices[0].Session.Channel(s.incident).Epoch()
		same := auth != nil
		for _, d := range devices[1:] {
			e, a := d.Session.Channel(s.incident).Epoch()
			same = same && e == epoch && bytes.Equal(a, auth)
		}
		if same {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("members do not come to one view: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// write sends texts both ways, one of them with the typed canary, and counts
// what reaches whom.
func (s *scene) write(ctx context.Context) error {
	s.canary.typed = "CANARY " + proto.NewIncidentID().String()
	texts := []struct {
		from *rig.Device
		text string
	}{
		{s.agent, "One agent hit in the leg, two persons on the north bank."},
		{s.guard, "Dos unidades en camino, cuatro minutos. ¿Por dónde llegamos?"},
		{s.agent, "Come by the old ferry road. " + s.canary.typed},
		{s.desk, "Air unit en route, 6 minutes."},
		{s.guard, "Enterado, por el camino viejo."},
	}
	members := []*rig.Device{s.agent, s.partner, s.desk, s.guard, s.mountie}
	sent := make(map[proto.MessageID]*rig.Device)
	for _, t := range texts {
		id, err := t.from.Session.Channel(s.incident).Text(ctx, t.text)
		if err != nil {
			return fmt.Errorf("%s writes: %w", t.from.Short(), err)
		}
		sent[id] = t.from
		s.say("text", "%s: %s", t.from.Short(), t.text)
	}
	for id, from := range sent {
		everywhere := true
		for _, d := range members {
			if d == from {
				continue
			}
			wait, cancel := context.WithTimeout(ctx, 10*time.Second)
			_, _, err := rig.Await(wait, d, func(e client.TextReceived) bool { return e.ID == id })
			cancel()
			everywhere = everywhere && err == nil
		}
		if everywhere {
			s.report.Text.Delivered++
		}
	}
	s.report.Text.Sent = len(sent)
	for _, d := range members {
		count := make(map[proto.MessageID]int)
		for _, e := range rig.Every[client.TextReceived](d) {
			if count[e.ID]++; count[e.ID] > 1 {
				s.report.Text.Duplicates++
			}
		}
	}
	s.say("text", "%d of %d reached all other members, %d came twice", s.report.Text.Delivered, s.report.Text.Sent, s.report.Text.Duplicates)
	return nil
}
