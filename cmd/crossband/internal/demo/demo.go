// Package demo does the main job once, for real: three agencies with their own
// authorities and relays (each relay a process of its own), devices enrolled by
// invitation, a hail across the border, recorded speech both ways, contention
// for the floor, text, a third country observing, a call that climbs a ladder to
// the neighbour, a change announced, a record that is verified. It measures all
// of it and then searches the relays' memory, files and traffic for what was said.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/agreement"
	"crossband/proto"
)

// Options says how the demo runs. Dir, Out and Relay are required.
type Options struct {
	Dir    string                       // everything is kept here
	Out    io.Writer                    // the timeline
	Report string                       // file for the report; empty: none
	Relay  func(config string) []string // command line of a relay's process

	// Console opens the console of an enrolled device's folder, tells its address, and
	// runs it until ctx ends. RunLive needs it.
	Console func(ctx context.Context, home string, tell func(address string)) error
}

// limit ends a demo that hangs.
const limit = 3 * time.Minute

// borderTitle is what the agreement and its calling channel are called.
const borderTitle = "Eagle Pass - Piedras Negras"

// errBroken says that the demo ran and a promise did not hold.
var errBroken = errors.New("the demo ran, and not everything held; see the report")

// Run runs the demo. It returns an error when a step fails or when a measured
// promise does not hold.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t := &timeline{out: o.Out, start: time.Now()}
	// The title is searched for, as something that relays do know: it must be unlike all else.
	title := borderTitle + " " + proto.NewBurstID().String()
	w, err := found(ctx, o, t, agreement.Terms{Title: title, Ladder: ladder()})
	if err != nil {
		return err
	}
	s := &scene{world: w, timeline: t, report: &Report{Agencies: len(w.agencies)}}
	err = errors.Join(s.play(ctx), s.searchRelays())
	s.countRejected()
	err = errors.Join(err, w.close(), s.keepAudio(o.Dir))
	if err != nil {
		return err
	}
	s.report.judge()
	t.summary(s.report)
	t.say("audio", "what was heard lies in %s", filepath.Join(o.Dir, audioDir))
	t.say("record", "the incident's record lies in %s", s.report.RecordFile)
	if o.Report != "" {
		if err := s.report.save(o.Report); err != nil {
			return err
		}
	}
	if !s.report.OK {
		return errBroken
	}
	return nil
}

// scene is the story that the demo tells.
type scene struct {
	*world
	*timeline
	report *Report

	agent, partner, desk *rig.Device // US: two units and the desk
	guard, supervisor    *rig.Device // MX: the desk, and its supervisor's
	patrol               *rig.Device // MX: a unit
	mountie              *rig.Device // CA: the desk
	calling, incident    proto.ChannelID
	incidentID           proto.IncidentID
	canary               canaries
}

func (s *scene) play(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		s.onWatch, s.hail, s.gather, s.speak, s.contend, s.write, s.radioChecks, s.escalate, s.announce, s.prove,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// onWatch brings everybody to the calling channel.
func (s *scene) onWatch(ctx context.Context) error {
	us, mx, ca := s.agencies[0], s.agencies[1], s.agencies[2]
	s.calling = s.world.calling
	var err error
	for _, d := range []struct {
		to    **rig.Device
		a     *agency
		short string
	}{
		{&s.agent, us, "unit/del-rio-214"}, {&s.partner, us, "unit/del-rio-219"}, {&s.desk, us, "desk/del-rio"},
		{&s.guard, mx, "desk/piedras-negras"}, {&s.supervisor, mx, "desk/acuna-supervisor"}, {&s.patrol, mx, "unit/acuna-7"},
		{&s.mountie, ca, "desk/stanstead"},
	} {
		if *d.to, err = s.enrol(ctx, d.a, d.short); err != nil {
			return fmt.Errorf("enrol %s: %w", d.short, err)
		}
	}
	s.say("enrolled", "seven devices made their keys and were certified by their own agency")
	for _, d := range []*rig.Device{s.desk, s.guard, s.supervisor, s.patrol, s.agent} {
		if _, err := d.Session.Join(ctx, s.calling); err != nil {
			return fmt.Errorf("%s joins the calling channel: %w", d.Short(), err)
		}
	}
	s.say("on watch", "desks and units share the calling channel %q", s.desk.Session.Channel(s.calling).Charter().Title)
	return nil
}

// hail calls the Mexican desk and sees the call accepted and committed.
func (s *scene) hail(ctx context.Context) error {
	what, err := hailContent()
	if err != nil {
		return err
	}
	pressed := time.Now()
	h, err := s.agent.Session.Channel(s.calling).Hail(ctx, s.guard.Session.Name(), what, client.HailOptions{Urgency: proto.PriorityEmergency})
	if err != nil {
		return fmt.Errorf("hail: %w", err)
	}
	s.incidentID = h.Incident()
	rung, at, err := rig.Await(ctx, s.guard, func(e client.HailReceived) bool { return e.ID == h.ID() })
	if err != nil {
		return fmt.Errorf("the hail does not ring: %w", err)
	}
	s.report.Hail.RingMS = ms(at.Sub(pressed))
	s.say("hail", "%s calls %s; it rings %d ms after the press", s.agent.Short(), s.guard.Short(), at.Sub(pressed).Milliseconds())
	s.sayInThree(rung.Content)
	there := s.guard.Session.FindHail(h.ID())
	for _, state := range []proto.HailState{proto.HailReceived, proto.HailAccepted, proto.HailCommitted} {
		if state != proto.HailReceived { // which the desk's device says by itself
			if err := there.Reply(ctx, state, proto.ReasonNone, nil); err != nil {
				return fmt.Errorf("reply %s: %w", state, err)
			}
		}
		if _, err := h.WaitState(ctx, state); err != nil {
			return fmt.Errorf("wait for %s: %w", state, err)
		}
		s.say("reply", "%s", state)
	}
	state, _ := h.State()
	s.report.Hail.Reply = state.String()
	if s.incident, err = h.WaitIncident(ctx); err != nil {
		return fmt.Errorf("incident: %w", err)
	}
	_, _, err = rig.Await(ctx, s.guard, func(e client.Joined) bool { return e.Channel == s.incident })
	if err == nil {
		s.say("incident", "channel %s is open, both sides are in it", s.incident.Short())
	}
	return err
}

// gather lets the US desk and a second unit come in by themselves.
func (s *scene) gather(ctx context.Context) error {
	for _, d := range []*rig.Device{s.desk, s.partner} {
		if _, err := d.Session.Join(ctx, s.incident); err != nil {
			return fmt.Errorf("%s joins the incident: %w", d.Short(), err)
		}
	}
	if err := s.agree(ctx, s.agent, s.guard, s.desk, s.partner); err != nil {
		return err
	}
	s.say("joined", "%s and %s are in; all four see the same membership", s.desk.Short(), s.partner.Short())
	return nil
}

// speak sends recorded speech both ways, and brings in Canada in between.
func (s *scene) speak(ctx context.Context) error {
	if err := s.burst(ctx, s.agent, s.guard, clip.HailEnglish, client.TalkOptions{}); err != nil {
		return err
	}
	if err := s.desk.Session.Channel(s.incident).Add(ctx, s.mountie.Session.Name()); err != nil {
		return fmt.Errorf("bring in %s: %w", s.mountie.Short(), err)
	}
	if _, _, err := rig.Await(ctx, s.mountie, func(e client.Joined) bool { return e.Channel == s.incident }); err != nil {
		return fmt.Errorf("%s does not come in: %w", s.mountie.Short(), err)
	}
	s.say("observer", "%s is in, to listen: through the US hub, since Mexico and Canada have no link", s.mountie.Short())
	for _, d := range []*rig.Device{s.agent, s.partner, s.desk, s.guard} {
		seen, _, err := rig.Await(ctx, d, func(e client.ObserverThere) bool {
			return e.Channel == s.incident && e.Name == s.mountie.Session.Name()
		})
		if err != nil {
			return fmt.Errorf("%s is not shown the observer: %w", d.Short(), err)
		}
		if s.report.Observer.Shown++; d == s.agent {
			s.say("observer", "all members are shown it, and that it observes until %s", seen.Until.UTC().Format(time.RFC3339))
		}
	}
	return s.burst(ctx, s.guard, s.agent, clip.AnswerSpanish, client.TalkOptions{})
}

// countRejected adds up what devices refused to play.
func (s *scene) countRejected() {
	for _, d := range s.world.devices {
		st := d.Session.VoiceStats()
		s.report.Voice.FramesRejected += st.Rejected + st.NoKey
	}
}

func (s *scene) keepAudio(dir string) error {
	for _, d := range s.world.devices {
		if err := d.Save(filepath.Join(dir, audioDir)); err != nil {
			return err
		}
	}
	return nil
}

const audioDir = "audio"

// ms is a duration in milliseconds with one decimal.
func ms(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}
