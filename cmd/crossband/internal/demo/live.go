package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/live"
	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/agreement"
	"crossband/proto"
)

// RunLive founds the same agencies as Run, opens a console for the US desk, and lets
// units and desks live around it until ctx ends: a unit talks, a unit calls the desk for
// help, a desk answers what the person at the console calls for, and a unit says back
// whatever it hears from there. A call that nobody takes climbs to the Mexican desk.
// Nothing is measured.
func RunLive(ctx context.Context, o Options) (err error) {
	t := &timeline{out: o.Out, start: time.Now()}
	w, err := found(ctx, o, t, agreement.Terms{Title: borderTitle, Ladder: liveLadder(), Talk: []string{"River patrol"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	ctx, cancel := context.WithCancel(ctx)
	c := &cast{world: w, timeline: t}
	defer c.close()
	defer cancel()
	if err := c.enter(ctx); err != nil {
		return err
	}
	home, err := c.prepare(ctx)
	if err != nil {
		return fmt.Errorf("%s comes on watch: %w", dispatcher().Short(), err)
	}
	if err := announceLive(w); err != nil {
		return err
	}
	return o.Console(ctx, home, func(address string) { t.invite(address) })
}

// invite says what a person can do now.
func (t *timeline) invite(address string) {
	t.say("console", "%s's console is open at", dispatcher().Short())
	fmt.Fprintf(t.out, "\n    %s\n\n", address)
	fmt.Fprint(t.out, `Open it in a browser, let it use the microphone, hold the button of "River patrol" and
speak: unit/del-rio-219 says back what it hears. In a few seconds unit/acuna-7 calls
for help; what you do not take the Mexican desk does. The address is a key: it is good
for this run, on this machine. Ctrl-C ends everything.

`)
}

func dispatcher() proto.Name { return desk(us, "del-rio") }

// liveLadder leaves a person time: after half a minute the neighbour's desk is called.
func liveLadder() []proto.LadderStep {
	return []proto.LadderStep{{After: 30 * time.Second, Page: []proto.Name{desk(mx, "piedras-negras")}}}
}

// announceLive has the Mexican authority announce a change, for the console to show.
func announceLive(w *world) error {
	now := time.Now()
	_, _, err := w.agencies[1].Dir.Announce(proto.Notice{
		To: []proto.Agency{us}, Kind: proto.NoticeMaintenance, Title: "New disks for the relay",
		Begins: now.Add(26 * time.Hour).Truncate(time.Second), Ends: now.Add(27 * time.Hour).Truncate(time.Second),
	}, now)
	if err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	return nil
}

// cast is who lives around the console.
type cast struct {
	*world
	*timeline
	units []*live.Unit
	wg    sync.WaitGroup // what they do
}

// close ends all of them; their context has ended.
func (c *cast) close() {
	for _, u := range c.units {
		if err := u.Close(); err != nil {
			c.say("unit", "%v", err)
		}
	}
	c.wg.Wait()
}

// enterWithin is how long everybody may take to come on watch.
const enterWithin = time.Minute

// enter lets everybody enrol and begin.
func (c *cast) enter(ctx context.Context) error {
	observer := desk(ca, "stanstead")
	for _, u := range []struct {
		name   proto.Name
		habits live.Habits
		begins func(*live.Unit)
	}{
		{observer, live.Habits{}, nil}, // first: it must have been there to be brought in
		{unit(us, "del-rio-219"), live.Habits{Follows: true, Parrots: []proto.Name{dispatcher()}, Brings: []proto.Name{observer}}, nil},
		{desk(mx, "piedras-negras"), live.Habits{Answers: true, Thinks: 2 * time.Second}, nil},
		{unit(us, "del-rio-214"), live.Habits{}, func(u *live.Unit) {
			t := &live.Talker{Unit: u, Texts: texts(), First: 4 * time.Second, Every: 40 * time.Second}
			c.wg.Go(func() { t.Run(ctx) }) // ends with ctx
		}},
		{unit(mx, "acuna-7"), live.Habits{}, func(u *live.Unit) {
			t := &live.Caller{Unit: u, To: dispatcher(), Calls: calls(), First: 12 * time.Second, Every: 50 * time.Second, Told: c.call}
			c.wg.Go(func() { t.Run(ctx) }) // ends with ctx
		}},
	} {
		entered, err := c.live(ctx, u.name, u.habits)
		if err != nil {
			return fmt.Errorf("%s comes on watch: %w", u.name.Short(), err)
		}
		if u.begins != nil {
			u.begins(entered)
		}
	}
	c.say("on watch", "two units of the US, a unit and a desk of Mexico, a desk of Canada")
	return nil
}

func (c *cast) call(format string, args ...any) { c.say("call", format, args...) }

// live enrols a unit or desk and lets it begin. Who may is then in the calling channel
// and in the talkgroup.
func (c *cast) live(ctx context.Context, name proto.Name, h live.Habits) (*live.Unit, error) {
	home, err := c.enrolAt(ctx, name)
	if err != nil {
		return nil, err
	}
	u, err := live.Open(home, "crossband demo", h, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	c.units = append(c.units, u)
	c.wg.Go(func() { u.Run(ctx) }) // ends with ctx
	return u, entered(ctx, u)
}

// entered waits until a unit is where its agency may be.
func entered(ctx context.Context, u *live.Unit) error {
	ctx, cancel := context.WithTimeout(ctx, enterWithin)
	defer cancel()
	if err := u.Session.WaitConnected(ctx); err != nil || u.Session.Name().Agency == ca {
		return err
	}
	return u.WaitIn(ctx, proto.KindCalling, proto.KindStanding)
}

// enrolAt enrols a device and returns its folder.
func (c *cast) enrolAt(ctx context.Context, name proto.Name) (home string, err error) {
	home = rig.Home(c.o.Dir, name.Agency, name.Short())
	for _, a := range c.agencies {
		if a.Name == name.Agency {
			return home, a.Enrol(ctx, name.Short(), home)
		}
	}
	return home, fmt.Errorf("no agency %s", name.Agency)
}

// prepare enrols the dispatcher's device and lets it join, so that its console begins
// with its channels.
func (c *cast) prepare(ctx context.Context) (home string, err error) {
	if home, err = c.enrolAt(ctx, dispatcher()); err != nil {
		return home, err
	}
	u, err := live.Open(home, "crossband demo", live.Habits{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return home, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { u.Run(ctx) }) // ends with ctx
	err = entered(ctx, u)
	cancel()
	wg.Wait()
	return home, errors.Join(err, u.Close())
}

func unit(a proto.Agency, label string) proto.Name {
	return proto.Name{Agency: a, Role: proto.RoleUnit, Label: label}
}

func texts() []string {
	return []string{
		"Del Rio 214: at the old ferry road, all quiet.",
		"Two vehicles stopped on the south bank, nobody near them.",
		"Water is rising at the crossing. The lower road will flood within the hour.",
		"Del Rio 214: moving on to the bridge.",
	}
}

// calls are what the Mexican unit calls for.
func calls() []live.Call {
	return []live.Call{
		{Phrase: "shots-across-border", Slots: []string{"place=28.7091,-100.4995,old ferry crossing", "count=2"}, Urgency: proto.PriorityEmergency},
		{Phrase: "medical-emergency", Slots: []string{"place=28.6990,-100.5105"}, Urgency: proto.PriorityUrgent, Note: "un adulto, en la orilla"},
		{Phrase: "request-backup", Slots: []string{"place=28.7205,-100.4890"}, Urgency: proto.PriorityUrgent, Exercise: true},
	}
}
