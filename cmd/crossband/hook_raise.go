package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/hookd"
	"crossband/proto"
	"crossband/relay/hook"
)

type hookRaiseOptions struct {
	device
	channel, source, id, to, phrase, urgency, note string
	slots                                          []string
	exercise                                       bool
}

func newHookRaiseCommand(e env) *cobra.Command {
	var o hookRaiseOptions
	c := &cobra.Command{
		Use:   "raise --source NAME --id ID --to DESK --phrase PHRASE [--slot KEY=VALUE...]",
		Short: "Hail a desk from a script or a sensor, once for each identifier",
		Long: `Hail a desk from a script or a sensor. Source and identifier name what happened:
given again, it says "duplicate" and rings nothing, also after a crash of this
machine in the midst of the first time. Given again with other words it is
refused. While "hook serve" uses the device's folder, post to it instead, or
enrol another device.

  crossband hook raise --home sensors --source wash-4 --id 2026-08-14T23:44 \
    --to desk/piedras-negras@gn.example --phrase sensor-activated --slot place=28.7091,-100.4995`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runHookRaise(cmd.Context(), e, o) },
	}
	o.device.addFlags(c)
	c.Flags().StringVar(&o.channel, "channel", "", "title or beginning of the identifier of the calling channel; may be left out when there is one only")
	c.Flags().StringVar(&o.source, "source", "", "what raises it, such as a sensor's name")
	c.Flags().StringVar(&o.id, "id", "", "what names this event at its source; the same event, the same identifier")
	c.Flags().StringVar(&o.to, "to", "", "desk to call: desk/LABEL@AGENCY")
	c.Flags().StringVar(&o.phrase, "phrase", "sensor-activated", "what to say; crossband hail --phrases lists all")
	c.Flags().StringArrayVar(&o.slots, "slot", nil, "KEY=VALUE of the phrase (repeatable)")
	c.Flags().StringVar(&o.urgency, "urgency", "urgent", "routine, urgent, peril or emergency")
	c.Flags().StringVar(&o.note, "note", "", "free text beside the phrase")
	c.Flags().BoolVar(&o.exercise, "exercise", false, "mark it as an exercise")
	return c
}

// alert is what the command line says. Its words are in it, so that a run after a
// crash can say them for the one that died.
func (o hookRaiseOptions) alert(now time.Time) (hook.Alert, error) {
	if o.source == "" || o.id == "" {
		return hook.Alert{}, usageError{errors.New("--source and --id are required: they tell whether it has been raised before")}
	}
	to, err := hookd.ParseDesk(o.to)
	if err != nil {
		return hook.Alert{}, usageError{err}
	}
	if _, err := compose(o.phrase, o.slots); err != nil {
		return hook.Alert{}, err
	}
	a := hook.Alert{
		ID: o.id, Kind: hook.KindAlert, Status: hook.Actual, Event: o.phrase, Codes: append([]string{to.String()}, o.slots...), Sent: now,
		Texts: []hook.Text{{Text: o.note}},
	}
	if o.exercise {
		a.Status = hook.Exercise
	}
	if err := setUrgency(&a, o.urgency); err != nil {
		return a, err
	}
	a.Digest = sha256.Sum256(fmt.Append(nil, a.Status, a.Severity, a.Distress, fmt.Sprintf("%q %q %q", a.Event, a.Codes, o.note)))
	return a, nil
}

// setUrgency chooses the severity that leads to the class.
func setUrgency(a *hook.Alert, urgency string) error {
	p, err := proto.ParsePriority(urgency)
	if err != nil {
		return usageError{err}
	}
	switch p {
	case proto.PriorityRoutine:
		a.Severity = hook.Minor
	case proto.PriorityUrgent:
		a.Severity = hook.Moderate
	case proto.PriorityImminentPeril:
		a.Severity = hook.Extreme
	case proto.PriorityEmergency:
		a.Severity, a.Distress = hook.Extreme, true
	default:
		return usageError{fmt.Errorf("--urgency %s: want routine, urgent, peril or emergency", urgency)}
	}
	return nil
}

// spoken says an alert in the words that are in it.
type spoken struct{}

func (spoken) Words(r hook.Raise) (hookd.Words, error) {
	if len(r.Alert.Codes) == 0 { // a summary of many
		return hookd.Words{}, fmt.Errorf("%w: no words", hook.ErrRefused)
	}
	to, err := proto.ParseName(r.Alert.Codes[0])
	if err != nil {
		return hookd.Words{}, err
	}
	content, err := compose(r.Alert.Event, r.Alert.Codes[1:])
	note := r.Source
	if len(r.Alert.Texts) > 0 && r.Alert.Texts[0].Text != "" {
		note += ": " + r.Alert.Texts[0].Text
	}
	return hookd.Words{To: to, Content: content, Note: note}, err
}

func runHookRaise(ctx context.Context, e env, o hookRaiseOptions) error {
	a, err := o.alert(time.Now())
	if err != nil {
		return err
	}
	s, err := o.open(ctx, e, nil)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	log := slog.New(slog.DiscardHandler)
	if o.verbose {
		log = slog.New(slog.NewTextHandler(e.err, nil))
	}
	journal, err := hookd.OpenJournal(filepath.Join(o.home, "raise.db"), log)
	if err != nil {
		return err
	}
	defer journal.Close()
	inbox, err := hook.Open(ctx, journal, hook.Limits{}, log, nil)
	if err != nil {
		return err
	}
	raiser := &reporting{
		Raiser: hookd.Sure{Raiser: &hookd.Raiser{Session: s.Session, Channel: o.channel, Speaker: spoken{}}}, raised: make(chan outcome, 16),
	}
	running, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer func() { stop(); group.Wait() }()
	group.Go(func() { inbox.Run(running, raiser) })                  // ends with running
	group.Go(func() { hookd.Watch(running, s.Session, inbox, nil) }) // ends with running
	src := &hook.Source{Name: o.source, Policy: hook.Policy{Practice: hook.PracticeRings}}
	results, err := inbox.Accept(ctx, src, "", a.Digest, []hook.Alert{a})
	if err != nil {
		return err
	}
	return raiser.report(ctx, e, results[0])
}

// reporting is a Raiser that tells what came of each hail.
type reporting struct {
	hook.Raiser
	raised chan outcome
}

func (r *reporting) Raise(ctx context.Context, x hook.Raise) error {
	err := r.Raiser.Raise(ctx, x)
	select {
	case r.raised <- outcome{x.Incident.String(), x.Hail.String(), err}:
	default: // of runs before this one; nobody waits for so many
	}
	return err
}

// outcome is what came of one try.
type outcome struct {
	incident, hail string
	err            error
}

// report waits until the hail is in the channel's log and prints the outcome, the incident and the
// hail.
func (r *reporting) report(ctx context.Context, e env, res hook.Result) error {
	switch {
	case res.Outcome == hook.Conflict:
		return proto.Refuse(proto.ReasonConflict, "this source has said something else under this identifier")
	case res.GivenUp:
		return fmt.Errorf("not raised, and given up: %s", res.Why)
	case res.Outcome == hook.Held:
		e.note("%s", "too many alerts: a summary will tell of it")
	}
	last := errors.New("it has not been tried yet")
	for res.Waits {
		select {
		case o := <-r.raised:
			if o.incident != res.Incident { // of a run that died
				continue
			}
			if last = o.err; last == nil {
				res.Waits, res.Hail = false, o.hail
			}
		case <-ctx.Done():
			return fmt.Errorf("accepted and on disk, but not raised: %w: %w; the next hook raise of this device does it", ctx.Err(), last)
		}
	}
	e.printf("%s\n", strings.TrimSpace(fmt.Sprintf("%s %s %s", res.Outcome, res.Incident, res.Hail)))
	return nil
}
