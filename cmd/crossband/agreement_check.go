package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/client/terms"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/proto"
)

type checkOptions struct {
	dir, unit, channel, may string
	asJSON                  bool
}

func newAgreementCheckCommand(e env) *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check [FILE] --unit NAME",
		Short: "Say in a sentence what a unit, desk or hook may do under an agreement",
		Long: `Say in a sentence what somebody may do under an agreement: under FILE, signed or not,
or under every agreement that the agency of --dir has in force. With --may the exit
code is 0 if it may and 1 if it may not. NAME is unit/del-rio-214@usbp.example or a
SPIFFE ID.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runCheck(e, o, args) },
	}
	c.Flags().StringVar(&o.dir, "dir", "", "the agency's folder, instead of FILE")
	c.Flags().StringVar(&o.unit, "unit", "", "whom to ask about")
	c.Flags().StringVar(&o.channel, "channel", "", "name or title of a channel in the agreement; all if empty")
	c.Flags().StringVar(&o.may, "may", "", "speak, hail, listen or open; all if empty")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// checkAnswer is an answer as --json prints it.
type checkAnswer struct {
	Agreement string `json:"agreement"`
	Channel   string `json:"channel"`
	Act       string `json:"act"`
	May       bool   `json:"may"`
	Sentence  string `json:"sentence"`
}

func runCheck(e env, o checkOptions, args []string) error {
	if o.unit == "" || (o.dir == "") == (len(args) == 0) {
		return usageError{errors.New("--unit, and either FILE or --dir, are required")}
	}
	name, err := parseName(o.unit)
	if err != nil {
		return err
	}
	acts := terms.Acts()
	if o.may != "" {
		act, err := proto.ParseMay(o.may)
		if err != nil {
			return usageError{fmt.Errorf("--may: %w", err)}
		}
		acts = []proto.May{act}
	}
	list, err := agreementsToCheck(o, args)
	if err != nil {
		return err
	}
	now, answers, may := time.Now(), []checkAnswer{}, false
	for i := range list {
		for _, a := range answersOf(&list[i], name, o.channel, acts, now) {
			answers, may = append(answers, a), may || a.May
		}
	}
	if len(answers) == 0 {
		answers = append(answers, checkAnswer{Channel: o.channel, Sentence: fmt.Sprintf("%s may do nothing: no agreement in force names such a channel", shown(name))})
	}
	if o.asJSON {
		err = e.json(answers)
	} else {
		for _, a := range answers {
			e.printf("%s\n", phrase.Inert(a.Sentence))
		}
	}
	if err == nil && o.may != "" && !may {
		return errMayNot
	}
	return err
}

func agreementsToCheck(o checkOptions, args []string) (list []proto.Agreement, err error) {
	if len(args) > 0 {
		f, err := readAgreement(args[0])
		return []proto.Agreement{f.Agreement}, err
	}
	d, err := agencydir.Open(o.dir)
	if err != nil {
		return nil, err
	}
	held, err := d.Agreements()
	if err != nil {
		return nil, err
	}
	now, newest := time.Now(), make(map[proto.AgreementID]agencydir.Held)
	for _, h := range held {
		begun := h.InForce && !now.Before(h.Agreement.Begins)
		if was, ok := newest[h.Agreement.ID]; begun && (!ok || was.Agreement.Revision < h.Agreement.Revision) {
			newest[h.Agreement.ID] = h
		}
	}
	for _, h := range newest {
		a := h.Agreement
		for _, w := range h.Withdrawals {
			if w.At.Before(a.Ends) {
				a.Ends = w.At
			}
		}
		list = append(list, a)
	}
	return list, nil
}

func answersOf(a *proto.Agreement, name proto.Name, channel string, acts []proto.May, now time.Time) (list []checkAnswer) {
	for _, c := range a.Channels {
		if channel != "" && channel != c.Name && channel != c.Title {
			continue
		}
		for _, act := range acts {
			if len(acts) > 1 && !terms.Meant(c.Kind, act) {
				continue
			}
			answer := a.Explain(name, c.Name, act, now, proto.English)
			list = append(list, checkAnswer{a.ID.String(), c.Name, act.String(), answer.May, answer.Sentence})
		}
	}
	return list
}
