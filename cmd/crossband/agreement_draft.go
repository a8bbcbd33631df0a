package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/crypto/agreement"
	"crossband/proto"
)

type draftOptions struct {
	parties, observers, observe, talk, ladder []string
	title, begins, until, storage, to, revise string
	life, countdown, rearm                    time.Duration
	exercise, p256, hooks                     bool
}

func newAgreementDraftCommand(e env) *cobra.Command {
	var o draftOptions
	c := &cobra.Command{
		Use:   "draft --party AGENCY --party AGENCY --title TITLE",
		Short: "Write the text of an agreement, to be read, changed and signed",
		Long: `Write the text of an agreement between two or more agencies, with comments: a calling
channel of that title, owned by the first party, on which units and desks of all
parties hail each other; incidents that an accepted hail opens; mirrored patrols;
talkgroups (--talk).
Observers (--observer) hear and read the channels of --observe until --until. Change
the text as you like before anybody signs it.

--revise FILE writes the next revision of a signed agreement instead: change the
text, then have every party sign it again.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runDraft(e, o, time.Now()) },
	}
	f := c.Flags()
	f.StringSliceVar(&o.parties, "party", nil, "agency that is a party (repeatable; the first owns the channels)")
	f.StringVar(&o.title, "title", "", "of the agreement and of its calling channel")
	f.StringSliceVar(&o.observers, "observer", nil, "agency whose desks observe (repeatable)")
	f.StringSliceVar(&o.observe, "observe", nil, "channels that observers hear and read: calling, incidents, talk-1 … (default incidents)")
	f.StringVar(&o.until, "until", "", "end of the observers' time, such as 2026-12-01T00:00:00Z; the agreement's if empty")
	f.StringArrayVar(&o.talk, "talk", nil, "title of a standing talkgroup (repeatable)")
	f.BoolVar(&o.exercise, "exercise", false, "for exercises only")
	f.StringVar(&o.begins, "begins", "", "when it begins, such as 2026-12-01T00:00:00Z; now if empty")
	f.DurationVar(&o.life, "life", 365*24*time.Hour, "how long it lasts")
	f.DurationVar(&o.countdown, "countdown", proto.UsualCountdown, "warning before what a party has withdrawn from ends")
	f.StringVar(&o.storage, "storage", storageSealed, "sealed: all relays keep messages, which none can read; none: only the sender's relay does")
	f.BoolVar(&o.hooks, "hooks", false, "let hooks of all parties hail, and into the incidents that follow; else they listen to hails")
	f.BoolVar(&o.p256, "p256", false, "for P-256 devices (MLS suite 2 instead of 7)")
	f.StringArrayVar(&o.ladder, "ladder", nil, "whom an unaccepted hail pages, such as 20s=desk/piedras-negras@gn.example,desk/del-rio@usbp.example (repeatable)")
	f.DurationVar(&o.rearm, "rearm", 0, "the ladder begins again so long after an acceptance that nothing followed; 0: never")
	f.StringVar(&o.to, "to", "", "file to write; standard output if empty")
	f.StringVar(&o.revise, "revise", "", "agreement whose next revision to write")
	return c
}

// Values of --storage: the storage rules of a charter.
const (
	storageSealed = "sealed"
	storageNone   = "none"
)

func runDraft(e env, o draftOptions, now time.Time) error {
	a, err := o.agreement(now)
	if err != nil {
		return err
	}
	text := agreement.Write(&a)
	if _, err := agreement.ParseText(text); err != nil {
		return fmt.Errorf("the draft: %w", err)
	}
	if o.to == "" {
		_, err := e.out.Write(text)
		return err
	}
	if err := replaceFile(o.to, text); err != nil {
		return err
	}
	e.note("next: read and change %s, then sign it: crossband agreement sign %s --dir AGENCY", o.to, o.to)
	return nil
}

func (o *draftOptions) agreement(now time.Time) (a proto.Agreement, err error) {
	begins := now.Truncate(time.Second)
	if begins, err = timeFlag("begins", o.begins, begins); err != nil {
		return a, err
	}
	if o.revise != "" {
		return o.revision(begins)
	}
	if len(o.parties) < 2 || o.title == "" {
		return a, usageError{errors.New("--title and at least two --party are required")}
	}
	t := agreement.Terms{
		Title: o.title, Observe: o.observe, Talk: o.talk, Exercise: o.exercise, Begins: begins, Ends: begins.Add(o.life),
		Countdown: o.countdown, SmallKeys: o.p256, Unstored: o.storage == storageNone, Hooks: o.hooks, Rearm: o.rearm,
	}
	if o.storage != storageSealed && o.storage != storageNone {
		return a, usageError{fmt.Errorf("--storage %q: want %s or %s", o.storage, storageSealed, storageNone)}
	}
	if t.Parties, err = agencyFlags("party", o.parties); err != nil {
		return a, err
	}
	if t.Observers, err = agencyFlags("observer", o.observers); err != nil {
		return a, err
	}
	if t.Until, err = timeFlag("until", o.until, time.Time{}); err != nil {
		return a, err
	}
	if t.Ladder, err = ladderFlags(o.ladder); err != nil {
		return a, err
	}
	if a, err = agreement.Usual(t); err != nil {
		return a, usageError{err}
	}
	return a, nil
}

// revision is the next revision of a signed agreement, with the same rules.
func (o *draftOptions) revision(begins time.Time) (proto.Agreement, error) {
	f, err := readAgreement(o.revise)
	if err != nil {
		return proto.Agreement{}, err
	}
	a := f.Agreement
	a.Revision++
	if begins.After(a.Begins) {
		a.Begins = begins.UTC()
	}
	return a, a.Validate()
}

func timeFlag(name, value string, otherwise time.Time) (time.Time, error) {
	if value == "" {
		return otherwise, nil
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return t, usageError{fmt.Errorf("--%s: want a time such as 2026-12-01T00:00:00Z: %w", name, err)}
	}
	return t, nil
}

func agencyFlags(name string, values []string) (list []proto.Agency, err error) {
	for _, v := range values {
		a, err := proto.ParseAgency(v)
		if err != nil {
			return nil, usageError{fmt.Errorf("--%s: %w", name, err)}
		}
		list = append(list, a)
	}
	return list, nil
}

// ladderFlags reads AFTER=NAME,NAME.
func ladderFlags(values []string) (list []proto.LadderStep, err error) {
	for _, v := range values {
		after, names, ok := strings.Cut(v, "=")
		d, err := time.ParseDuration(after)
		if err != nil || !ok {
			return nil, usageError{fmt.Errorf("--ladder %q: want AFTER=NAME,NAME such as 20s=desk/piedras-negras@gn.example", v)}
		}
		step := proto.LadderStep{After: d}
		for word := range strings.SplitSeq(names, ",") {
			n, err := parseName(word)
			if err != nil {
				return nil, err
			}
			step.Page = append(step.Page, n)
		}
		list = append(list, step)
	}
	return list, nil
}
