package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/agencydir"
	"crossband/proto"
)

func newNoticeAckCommand(e env) *cobra.Command {
	var dir, text, of string
	var objects, asJSON bool
	c := &cobra.Command{
		Use:   "ack ID",
		Short: "Answer a partner's notice: it has been seen, or you object",
		Long:  "Answer a partner's notice by the agency's authority: it has been seen, or with\n--object that you object, and why. A later answer takes the place of this one.\n\nThe beginning of the notice's identifier is enough where the relay is in the agency's\nfolder. Elsewhere give all of it, with --of: \"notice show\" at the relay's machine has\nboth." + "\n" + exitHelp,
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if objects && text == "" {
				return usageError{errors.New("--object needs --text: say why")}
			}
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			a := proto.NoticeAnswer{Objects: objects, Text: text}
			if a.Notice, a.Of, err = noticeOf(d, args[0], of); err != nil {
				return err
			}
			done, at, err := d.AnswerNotice(a, time.Now())
			if err != nil {
				return err
			}
			if asJSON {
				return e.json(struct {
					Notice  string `json:"notice"`
					Objects bool   `json:"objects"`
					Path    string `json:"path"`
					Relay   bool   `json:"relay_is_here"`
				}{a.Notice.String(), objects, at.Path, at.Relay})
			}
			word := "seen"
			if done.Objects {
				word = "objection"
			}
			e.printf("%s of %s answered: %s\n", a.Notice.Short(), a.Of, word)
			e.placed(at)
			return nil
		},
	}
	dirFlag(c, &dir)
	c.Flags().StringVar(&of, "of", "", "the agency whose notice it is, where the relay is on another machine")
	c.Flags().BoolVar(&objects, "object", false, "object to the change")
	c.Flags().StringVar(&text, "text", "", "what the other agency should know, in up to 1,000 letters")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// noticeOf finds a notice by the beginning of its identifier, or takes the word of who
// names it in full.
func noticeOf(d agencydir.Dir, id, of string) (proto.NoticeID, proto.Agency, error) {
	if of == "" {
		n, err := findNotice(d, id)
		if err != nil {
			return proto.NoticeID{}, "", err
		}
		id, of = n.ID, n.Agency
	}
	whole, err := proto.ParseNoticeID(id)
	if err != nil {
		return whole, "", usageError{fmt.Errorf("%q: with --of want all 64 digits of the identifier", id)}
	}
	agency, err := proto.ParseAgency(of)
	if err != nil {
		return whole, "", usageError{fmt.Errorf("--of: %w", err)}
	}
	return whole, agency, nil
}

func newNoticeWithdrawCommand(e env) *cobra.Command {
	var dir, text string
	var asJSON bool
	c := &cobra.Command{
		Use:   "withdraw ID",
		Short: "Take an own notice back",
		Long:  "Take an own notice back: the change is not made. To move it, sign another one that\ntakes its place: notice new --replaces." + "\n" + exitHelp,
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			old, err := findNotice(d, args[0])
			if err != nil {
				return err
			}
			now := time.Now()
			n := proto.Notice{Kind: proto.NoticeWithdrawn, Title: old.Title, Text: text, Begins: now.UTC().Truncate(time.Second)}
			own, err := d.Agency()
			switch {
			case err != nil:
				return err
			case string(own) != old.Agency:
				return proto.Refusef(proto.ReasonNotice, "%.8s is a notice of %s: object to it with notice ack", old.ID, old.Agency)
			case !old.InForce(now):
				return proto.Refusef(proto.ReasonNotice, "%.8s is over, or taken back already", old.ID)
			}
			if n.Ends = old.Ends; n.Ends.Sub(n.Begins) > proto.MaxNoticeSpan {
				n.Ends = n.Begins.Add(proto.MaxNoticeSpan) // it is kept as long as what it takes back
			}
			if !n.Ends.After(n.Begins) {
				return fmt.Errorf("%.8s: %s", old.ID, old.Until(now))
			}
			for _, a := range old.To {
				n.To = append(n.To, proto.Agency(a))
			}
			if n.Replaces, err = proto.ParseNoticeID(old.ID); err != nil {
				return err
			}
			return e.announce(d, n, asJSON, now)
		},
	}
	dirFlag(c, &dir)
	c.Flags().StringVar(&text, "text", "", "why, in up to 1,000 letters")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
