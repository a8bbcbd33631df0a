package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/client/views"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/internal/version"
	"crossband/proto"
)

// device is what every command of an endpoint shares.
type device struct {
	home    string
	timeout time.Duration
	verbose bool
}

func (d *device) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&d.home, "home", endpointdir.Default(), "the device's folder")
	c.Flags().DurationVar(&d.timeout, "timeout", 30*time.Second, "how long to wait for the other side")
	c.Flags().BoolVarP(&d.verbose, "verbose", "v", false, "tell what happens on the way")
}

// station is a device at work, with what has come in that nobody looked at.
type station struct {
	*client.Session
	e       env
	early   []client.Event // came before the link was ready for use
	release func() error   // ends the session and gives the folder back
	out     error          // why this device has been taken out, once it has
}

// open opens the device's session and waits for its link.
func (d *device) open(ctx context.Context, e env, sink client.Sink) (*station, error) {
	log := slog.New(slog.DiscardHandler)
	if d.verbose {
		log = slog.New(slog.NewTextHandler(e.err, nil))
	}
	dir := endpointdir.At(d.home)
	s, release, err := dir.Session(sink, log, version.String())
	if err != nil {
		return nil, err
	}
	st := &station{Session: s, e: e, release: release}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	relay, _ := dir.Relay()
	defer e.patience("waiting for the relay at %s", relay)()
	if err := st.connected(ctx); err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

// connected waits for the first link, or for the reason why there is none that
// trying again will not mend. What a channel brings meanwhile is kept.
func (st *station) connected(ctx context.Context) error {
	up := make(chan error, 1)
	go func() { up <- st.WaitConnected(ctx) }() // ends with ctx
	var last error
	for {
		select {
		case err := <-up:
			if err != nil && last != nil {
				return fmt.Errorf("%w: %w", err, last)
			}
			return err
		case ev := <-st.Events():
			if x, ok := ev.(client.Expelled); ok {
				return x.Why
			}
			d, ok := ev.(client.Disconnected)
			if !ok {
				st.early = append(st.early, ev)
				continue
			}
			last = d.Err
			if r := new(proto.Refusal); errors.As(d.Err, &r) && r.Reason != proto.ReasonClosing {
				return d.Err
			}
		}
	}
}

// next waits for what happens next; false when ctx has ended, or when this device
// has been taken out, of which out says why.
func (st *station) next(ctx context.Context) (client.Event, bool) {
	var ev client.Event
	if len(st.early) > 0 {
		ev, st.early = st.early[0], st.early[1:]
	} else {
		select {
		case ev = <-st.Events():
		case <-ctx.Done():
			return nil, false
		}
	}
	if x, ok := ev.(client.Expelled); ok {
		st.mention(ev)
		st.out = x.Why
		return nil, false
	}
	return ev, true
}

// close mentions what came in that the command did not look at, and ends the
// session. A text that comes between the two is given again by the next command.
func (st *station) close() error {
	for _, ev := range st.early {
		st.mention(ev)
	}
	st.early = nil
	st.mentionAll(func(client.Event) bool { return true })
	err := st.release()
	st.mentionAll(func(ev client.Event) bool { _, text := ev.(client.TextReceived); return !text })
	return err
}

func (st *station) mentionAll(which func(client.Event) bool) {
	for {
		select {
		case ev := <-st.Events():
			if which(ev) {
				st.mention(ev)
			}
		default:
			return
		}
	}
}

// mention says, beside what a command does, what a person must not miss: a text
// is given once, whichever command runs when it comes.
func (st *station) mention(ev client.Event) {
	switch ev := ev.(type) {
	case client.TextReceived:
		st.e.note("meanwhile, on %s: %s", st.title(ev.Channel), textLine(ev))
		st.shown(ev)
	case client.MessageMoved:
		if ev.State == client.MessageFailed {
			st.e.note("WARNING, on %s: message %s was not delivered to everybody: %s", st.title(ev.Channel), ev.ID, phrase.Inert(ev.Why.Error()))
		}
	case client.Gap:
		st.e.note("on %s, %d message(s) of %s are missing, from its number %d on: they are late, or somebody withholds them", st.title(ev.Channel), ev.Count, shown(ev.From), ev.First)
	case client.HailReceived:
		if ev.Rings {
			st.e.note("meanwhile, a hail: %s", hailLine(ev, phrase.English))
		}
	case client.Paged:
		st.e.note("on %s, %s", st.title(ev.Channel), pageLine(ev))
	case client.PageAnswered:
		if !ev.Delivered {
			st.e.note("WARNING, on %s: %s could not deliver its page: %s", st.title(ev.Channel), shown(ev.By), ev.Reason.Sentence(proto.English))
		}
	case client.IncidentMoved:
		st.e.note("on %s, %s", st.title(ev.Channel), actLine(ev))
	case client.DutyChanged:
		st.e.note("on %s, %s", st.title(ev.Channel), dutyNews(ev))
	case client.DeskUnmanned:
		if ev.Unmanned {
			st.e.note("WARNING, on %s: nobody is at %s", st.title(ev.Channel), shown(ev.Desk))
		} else {
			st.e.note("on %s, somebody is at %s again", st.title(ev.Channel), shown(ev.Desk))
		}
	case client.Left:
		st.e.note("no longer on %s: %s", st.title(ev.Channel), phrase.Inert(ev.Why.Error()))
	case client.Missed:
		st.e.note("on %s, %s", st.title(ev.Channel), missedLine(ev))
	case client.Expelled:
		st.e.note("this device is out: %s; everything that it held is wiped", phrase.Inert(ev.Why.Error()))
	case client.ViewsChanged:
		if ev.Before != views.None || ev.Views.State != views.Unconfirmed { // nobody can have spoken yet
			st.e.note("on %s, %s", st.title(ev.Channel), viewsLine(ev.Views))
		}
	case client.HubAway:
		st.e.note("on %s, %s", st.title(ev.Channel), awayLine(ev))
	case client.Ending:
		st.e.note("WARNING, %s ends in %v: %s", st.title(ev.Channel), ev.Left.Round(time.Second), phrase.Inert(ev.Why.Error()))
	case client.ObserverThere:
		st.e.note("on %s, %s observes until %s: it hears and reads, and cannot send", st.title(ev.Channel), shown(ev.Name), stamp(ev.Until))
	case client.ChangeNotice:
		st.e.note("%s", noticeLine(ev))
	case client.Alarm:
		st.e.note("WARNING, on %s: %s", st.title(ev.Channel), phrase.Inert(ev.Why.Error()))
	}
}

// noticeLine tells of a change that is announced.
func noticeLine(c client.ChangeNotice) string {
	when := fmt.Sprintf("%s to %s (%s)", c.Notice.Begins.UTC().Format(time.RFC3339), c.Notice.Ends.UTC().Format(time.RFC3339), c.Stage)
	if c.Off {
		when = "taken back, or moved"
	}
	return phrase.Inert(fmt.Sprintf("%s announces %s: %s, %s", c.Notice.Agency, c.Notice.Kind, c.Notice.Title, when))
}

// missedLine says what cannot be read, and whether it ever will be.
func missedLine(m client.Missed) string {
	if m.Origin == "" {
		return fmt.Sprintf("%d message(s) from entry %d on cannot be read by this device: it does not have their keys", m.Count, m.Seq)
	}
	return fmt.Sprintf("%d message(s) from entry %d on cannot be read yet: they lie at %s's relay, which is away; they are fetched when that is back", m.Count, m.Seq, m.Origin)
}

// shown notes that a text is before a person's eyes. When that cannot be kept it
// is shown again by the next command: better twice than never.
func (st *station) shown(t client.TextReceived) {
	if err := st.Shown(t); err != nil {
		st.e.note("not kept that this text was shown: %v", err)
	}
}

func (st *station) title(id proto.ChannelID) string {
	if ch := st.Channel(id); ch != nil {
		return phrase.Inert(ch.Charter().Title)
	}
	return id.Short()
}

// shown is a name as people read it.
func shown(n proto.Name) string { return n.Short() + "@" + string(n.Agency) }

// awayLine says that a channel is cut off from its hub, and since when.
func awayLine(h client.HubAway) string {
	since := h.Since.UTC().Format(time.TimeOnly)
	if h.Away {
		return fmt.Sprintf("hub away since %s; local talk only", since)
	}
	return fmt.Sprintf("the hub is back; it was away since %s", since)
}

func textLine(t client.TextReceived) string {
	return fmt.Sprintf("%s  %s: %s", t.At.UTC().Format(time.TimeOnly), shown(t.From), phrase.Inert(t.Text))
}

// hailLine is a hail on one line, its free text as harmless as the rest.
func hailLine(h client.HailReceived, l phrase.Language) string {
	said := h.Content.Sentence(l)
	if h.Unreadable {
		said = phrase.Unreadable(l)
	}
	line := fmt.Sprintf("%s from %s: %s", h.Urgency, shown(h.From), said)
	if h.Exercise {
		line = "EXERCISE " + line
	}
	if h.Step > 0 || h.Round > 1 {
		line += fmt.Sprintf(" [round %d, step %d of the ladder]", h.Round, h.Step)
	}
	if h.Note != "" {
		line += " “" + phrase.Inert(h.Note) + "”"
	}
	return line
}
