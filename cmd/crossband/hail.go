package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

type hailOptions struct {
	device
	channelFlag
	to, phrase, urgency, until, lang, note string
	slots                                  []string
	exercise, list, asJSON                 bool
}

func newHailCommand(e env) *cobra.Command {
	var o hailOptions
	c := &cobra.Command{
		Use:   "hail --to NAME --phrase PHRASE [--slot KEY=VALUE...]",
		Short: "Call a desk, of another agency or the own, in words of the phrasebook",
		Long: `Call a desk, of another agency or the own, on the calling channel. What is said travels as
a code with slots, and is read in the receiver's language. Accepted, the hail
opens an incident channel with both sides in it.

  crossband hail --to desk/piedras-negras@gn.example --phrase shots-fired \
    --slot place=28.7091,-100.4995 --slot count=2 --urgency emergency

crossband phrases lists the phrasebook.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.list {
				return listPhrases(e, o.lang, o.asJSON)
			}
			return runHail(cmd.Context(), e, o)
		},
	}
	o.device.addFlags(c)
	o.channelFlag.addFlags(c)
	c.Flags().StringVar(&o.to, "to", "", "desk to call: desk/LABEL@AGENCY")
	c.Flags().StringVar(&o.phrase, "phrase", "request-backup", "what to say; crossband phrases lists all")
	c.Flags().StringArrayVar(&o.slots, "slot", nil, "KEY=VALUE of the phrase (repeatable)")
	c.Flags().StringVar(&o.urgency, "urgency", "urgent", "routine, urgent, supervisor, peril or emergency")
	c.Flags().StringVar(&o.note, "note", "", "free text beside the phrase")
	c.Flags().StringVar(&o.until, "until", "received", "wait until the hail is received, accepted or committed")
	c.Flags().StringVar(&o.lang, "lang", "en", "language of the phrasebook: en, es or fr")
	c.Flags().BoolVar(&o.exercise, "exercise", false, "mark it as an exercise")
	c.Flags().BoolVar(&o.list, "phrases", false, "list the phrasebook")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	c.AddCommand(newHailWatchCommand(e))
	return c
}

// compose reads a phrase and its slots off the command line.
func compose(slug string, slots []string) (phrase.Content, error) {
	if _, ok := phrase.Lookup(slug); !ok {
		return phrase.Content{}, usageError{fmt.Errorf("no phrase %q; crossband phrases lists all", slug)}
	}
	c, err := phrase.ComposeTyped(slug, slots)
	if err != nil {
		return c, usageError{err}
	}
	return c, nil
}

func parseState(s string) (proto.HailState, error) {
	states := map[string]proto.HailState{
		"received": proto.HailReceived, "accepted": proto.HailAccepted, "committed": proto.HailCommitted,
	}
	if st, ok := states[strings.ToLower(s)]; ok {
		return st, nil
	}
	return 0, usageError{fmt.Errorf("state %q: want received, accepted or committed", s)}
}

func runHail(ctx context.Context, e env, o hailOptions) error {
	if o.to == "" {
		return usageError{errors.New("--to is required: desk/LABEL@AGENCY")}
	}
	to, err := parseName(o.to)
	if err != nil {
		return err
	}
	what, err := compose(o.phrase, o.slots)
	if err != nil {
		return err
	}
	prio, err := proto.ParsePriority(o.urgency)
	if err != nil {
		return usageError{err}
	}
	until, err := parseState(o.until)
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
	ch, err := o.join(ctx, s, proto.KindCalling)
	if err != nil {
		return err
	}
	start := time.Now()
	h, err := ch.Hail(ctx, to, what, client.HailOptions{Urgency: prio, Exercise: o.exercise, Note: o.note})
	if err != nil {
		return err
	}
	state, err := follow(ctx, e, h, until, start)
	if err != nil {
		return err
	}
	return reportHail(ctx, e, h, state, o.asJSON)
}

// follow shows each state that the hail comes to, up to the one waited for.
func follow(ctx context.Context, e env, h *client.Hail, until proto.HailState, start time.Time) (proto.HailState, error) {
	defer e.patience("ringing")()
	for next := proto.HailReceived; ; {
		state, err := h.WaitState(ctx, next)
		if err != nil {
			return state, fmt.Errorf("hail stands at %s: %w", state, err)
		}
		e.note("%s%s after %v", exerciseMark(h.Exercise()), state, time.Since(start).Round(time.Millisecond))
		_, why := h.State()
		switch {
		case state == proto.HailDeclined:
			return state, proto.Refuse(why, "declined")
		case state == proto.HailClosed:
			return state, proto.Refuse(proto.ReasonIncident, "closed")
		case state.Over():
			return state, fmt.Errorf("hail stands at %s: %w", state, context.DeadlineExceeded)
		case state >= until:
			return state, nil
		}
		next = state + 1
	}
}

func reportHail(ctx context.Context, e env, h *client.Hail, state proto.HailState, asJSON bool) error {
	out := map[string]string{"hail": h.ID().String(), "state": state.String(), "incident": h.Incident().String()}
	if state == proto.HailAccepted || state == proto.HailCommitted {
		id, err := h.WaitIncident(ctx)
		if err != nil {
			return err
		}
		out["incident_channel"] = id.String()
	}
	if h.Exercise() {
		out["exercise"] = "true"
	}
	if asJSON {
		return e.json(out)
	}
	e.printf("%s%s %s %s\n", exerciseMark(h.Exercise()), out["hail"], out["state"], out["incident_channel"])
	return nil
}

type watchOptions struct {
	device
	channelFlag
	reply, lang string
	once        bool
}

func newHailWatchCommand(e env) *cobra.Command {
	var o watchOptions
	c := &cobra.Command{
		Use:   "watch",
		Short: "Keep watch as a desk: show what rings, and answer if told to",
		Long: `Keep watch as a desk: show every hail that rings here, in the desk's language, and
the steps to which the ladders of all hails come.
--reply accept, commit (accept and commit) or decline answers each of them.
With --once the program ends after the first.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runWatch(cmd.Context(), e, o) },
	}
	o.device.addFlags(c)
	o.channelFlag.addFlags(c)
	c.Flags().StringVar(&o.reply, "reply", "", "accept, commit or decline; empty: only show")
	c.Flags().StringVar(&o.lang, "lang", "en", "en, es or fr")
	c.Flags().BoolVar(&o.once, "once", false, "end after the first hail")
	return c
}

func runWatch(ctx context.Context, e env, o watchOptions) error {
	lang, err := phrase.ParseLanguage(o.lang)
	if err != nil {
		return usageError{err}
	}
	switch o.reply {
	case "", "accept", "commit", "decline":
	default:
		return usageError{fmt.Errorf("--reply %q: want accept, commit or decline", o.reply)}
	}
	s, err := o.open(ctx, e, nil)
	if err != nil {
		return err
	}
	defer s.close()
	joining, cancel := context.WithTimeout(ctx, o.timeout)
	_, err = o.join(joining, s, proto.KindCalling)
	cancel()
	if err != nil {
		return err
	}
	e.note("on watch as %s", shown(s.Name()))
	for {
		ev, ok := s.next(ctx)
		if !ok {
			return s.out
		}
		if p, ok := ev.(client.Paged); ok {
			e.printf("%s\n", pageLine(p))
			continue
		}
		h, ok := ev.(client.HailReceived)
		if !ok || !h.Rings {
			s.mention(ev)
			continue
		}
		e.printf("%s\n", hailLine(h, lang))
		err := answer(ctx, e, s, h, o)
		if o.once {
			return err
		}
		if err != nil && ctx.Err() == nil { // the watch goes on: the next one may ring at any time
			e.note("not answered: %s", phrase.Inert(strings.ReplaceAll(err.Error(), "\n", "; ")))
		}
	}
}

// answer replies to a hail as told, and after accepting waits until this desk
// is in the incident's channel.
func answer(ctx context.Context, e env, s *station, ring client.HailReceived, o watchOptions) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	h := s.FindHail(ring.ID)
	if h == nil {
		return proto.Refuse(proto.ReasonNoHail, ring.ID.String())
	}
	if _, err := h.WaitState(ctx, proto.HailReceived); err != nil {
		return err
	}
	switch o.reply {
	case "":
		return nil // the caller knows now that it rings
	case "decline":
		return h.Reply(ctx, proto.HailDeclined, proto.ReasonNoMeans, nil)
	}
	if err := accept(ctx, h, o.reply == "commit"); err != nil {
		return err
	}
	id, err := h.WaitIncident(ctx)
	if err != nil {
		return err
	}
	if _, err := s.Join(ctx, id); err != nil {
		return err
	}
	e.printf("%sincident channel %s\n", exerciseMark(h.Exercise()), id)
	return nil
}

// accept accepts a hail, and commits help to it too. With the hub away both wait in
// the outbox, in this order, and the error says so.
func accept(ctx context.Context, h *client.Hail, commit bool) error {
	err := h.Reply(ctx, proto.HailAccepted, proto.ReasonNone, nil)
	if commit && (err == nil || errors.Is(err, client.ErrWaiting)) {
		err = h.Reply(ctx, proto.HailCommitted, proto.ReasonNone, nil)
	}
	return err
}
