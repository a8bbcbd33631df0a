package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/agencydir"
	"crossband/crypto/notice"
	"crossband/proto"
)

func newNoticeCommand(e env) *cobra.Command {
	c := &cobra.Command{
		Use:   "notice",
		Short: "Announce changes to partners, answer theirs, see what a change breaks",
		Long: `Announce ahead of time a change of equipment or configuration that can touch how
agencies work together, answer partners' announcements, and see what a change
breaks here and how near it is.`,
	}
	c.AddCommand(newNoticeNewCommand(e, false), newNoticeNewCommand(e, true), newNoticeSignCommand(e),
		newNoticeListCommand(e), newNoticeShowCommand(e), newNoticeAckCommand(e), newNoticeWithdrawCommand(e))
	return c
}

// noticeOptions are the flags of a new notice.
type noticeOptions struct {
	dir, kind, title, text, begins, ends, replaces string
	to                                             []string
	asJSON                                         bool
	parameters                                     noticeParameters
}

// usualLength is how long a change takes unless --ends says otherwise.
const usualLength = 24 * time.Hour

func newNoticeNewCommand(e env, draft bool) *cobra.Command {
	var o noticeOptions
	c := &cobra.Command{
		Use:   "new",
		Short: "Sign a change notice and hand it to the relay",
		Long: `Sign a change notice by the agency's authority and put it where the agency's relay
takes it, which hands it to the relays and devices of the agencies that it
concerns. The change is made between --begins and --ends: one that partners see
outside of that time, or with other parameters, raises an alarm there.

Each kind has its own flags: protocol-version --versions (--capabilities), suite
--suites-before and --suites-after, codec --codecs-before and --codecs-after,
ca-rollover (--root), gateway --gateway and --up or --down, address
--address-before and --address-after; maintenance and other have none.` + "\n" + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runNoticeNew(e, o, draft, time.Now()) },
	}
	if draft {
		c.Use, c.Short = "draft", "Print a change notice that is not signed"
		c.Long = "Print a change notice that is not signed, to be read and changed by hand: then sign\nit with \"notice sign\". The flags are those of \"notice new\"." + "\n" + exitHelp
	}
	dirFlag(c, &o.dir)
	f := c.Flags()
	f.StringVar(&o.kind, "kind", "", "protocol-version, suite, codec, ca-rollover, gateway, maintenance, address or other")
	f.StringVar(&o.title, "title", "", "what it is, in up to 80 letters")
	f.StringVar(&o.text, "text", "", "what partners should know or do, in up to 1,000 letters")
	f.StringVar(&o.begins, "begins", "", "when: such as 2026-12-24T02:00:00Z, or from now such as 48h")
	f.StringVar(&o.ends, "ends", "", "when it is over (default 24h after its beginning)")
	f.StringSliceVar(&o.to, "to", nil, "agencies that it concerns (default all with which the relay links)")
	f.StringVar(&o.replaces, "replaces", "", "an own notice that it takes the place of")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	o.parameters.flags(c)
	return c
}

func runNoticeNew(e env, o noticeOptions, draft bool, now time.Time) error {
	d, err := agencydir.Open(o.dir)
	if err != nil {
		return err
	}
	n, err := o.notice(d, now)
	if err != nil {
		return err
	}
	if !draft {
		return e.announce(d, n, o.asJSON, now)
	}
	if n.Agency, err = d.Agency(); err != nil {
		return err
	}
	n.Issued = now.UTC().Truncate(time.Second)
	if err := n.Validate(); err != nil {
		return err
	}
	e.printf("%s", notice.Write(&n))
	return nil
}

// announce signs a notice and says where it is.
func (e env) announce(d agencydir.Dir, n proto.Notice, asJSON bool, now time.Time) error {
	done, at, err := d.Announce(n, now)
	if err != nil {
		return err
	}
	if asJSON {
		return e.json(signedNotice{done.ID.String(), string(done.Agency), done.Kind.String(), done.Title, done.Begins, done.Ends, at.Path, at.Relay})
	}
	e.printf("%s announced: %q, %s to %s\n", done.ID.Short(), done.Title, done.Begins.UTC().Format(time.RFC3339), done.Ends.UTC().Format(time.RFC3339))
	if lead := done.Begins.Sub(now); lead < 24*time.Hour && done.Kind != proto.NoticeWithdrawn {
		e.note("note: partners hear of it %v ahead", max(lead, 0).Round(time.Minute))
	}
	e.placed(at)
	return nil
}

func (e env) placed(at agencydir.Placed) {
	if !at.Relay {
		e.note("%s is handed to the relay by the registrar: crossband agency serve", at.Path)
	}
}

// signedNotice is what new, sign and withdraw print as JSON.
type signedNotice struct {
	ID     string    `json:"id"`
	Agency string    `json:"agency"`
	Kind   string    `json:"kind"`
	Title  string    `json:"title"`
	Begins time.Time `json:"begins"`
	Ends   time.Time `json:"ends"`
	Path   string    `json:"path"`
	Relay  bool      `json:"relay_is_here"`
}

// notice puts the flags together.
func (o *noticeOptions) notice(d agencydir.Dir, now time.Time) (n proto.Notice, err error) {
	if n.Kind, err = proto.ParseNoticeKind(o.kind); err != nil || n.Kind == proto.NoticeWithdrawn {
		return n, usageError{fmt.Errorf("--kind %q: want protocol-version, suite, codec, ca-rollover, gateway, maintenance, address or other", o.kind)}
	}
	if strings.TrimSpace(o.title) == "" {
		return n, usageError{errors.New("--title is required")}
	}
	n.Title, n.Text = o.title, o.text
	if n.Begins, err = parseMoment(o.begins, now); err != nil {
		return n, usageError{fmt.Errorf("--begins: %w", err)}
	}
	n.Ends = n.Begins.Add(usualLength)
	if o.ends != "" {
		if n.Ends, err = parseMoment(o.ends, now); err != nil {
			return n, usageError{fmt.Errorf("--ends: %w", err)}
		}
	}
	if n.To, err = o.addressees(d); err != nil {
		return n, err
	}
	if o.replaces != "" {
		old, err := findNotice(d, o.replaces)
		if err != nil {
			return n, err
		}
		if n.Replaces, err = proto.ParseNoticeID(old.ID); err != nil {
			return n, err
		}
	}
	return n, o.parameters.fill(&n, d)
}

func (o *noticeOptions) addressees(d agencydir.Dir) (list []proto.Agency, err error) {
	if len(o.to) == 0 {
		return d.NoticePartners()
	}
	for _, word := range o.to {
		a, err := proto.ParseAgency(word)
		if err != nil {
			return nil, usageError{fmt.Errorf("--to: %w", err)}
		}
		list = append(list, a)
	}
	return list, nil
}

// parseMoment reads a time, or a duration from now, in whole seconds.
func parseMoment(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(d).UTC().Truncate(time.Second), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%q: want a time such as 2026-12-24T02:00:00Z, or from now such as 48h", s)
	}
	return t.UTC(), nil
}

func newNoticeSignCommand(e env) *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "sign FILE",
		Short: "Sign a drafted notice and hand it to the relay",
		Long:  "Sign a notice that \"notice draft\" printed, and hand it to the relay. The time of\nissue becomes that of now." + "\n" + exitHelp,
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			n, err := notice.Read(text)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return e.announce(d, n, asJSON, time.Now())
		},
	}
	dirFlag(c, &dir)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
