package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/cmd/internal/adminhttp"
	"crossband/cmd/internal/relayd"
	"crossband/proto"
)

// errNoNotices says that there is nothing to read notices from.
var errNoNotices = errors.New("the relay has written nothing of change notices yet")

// noticePlace says where the relay's own word on notices is.
type noticePlace struct{ dir, config string }

func (p *noticePlace) flags(c *cobra.Command) {
	dirFlag(c, &p.dir)
	c.Flags().StringVar(&p.config, "config", "", "the relay's configuration file, instead of an agency's folder")
}

func (p *noticePlace) load() (adminhttp.Notices, error) {
	config := p.config
	if config == "" {
		d, err := agencydir.Open(p.dir)
		if err != nil {
			return adminhttp.Notices{}, err
		}
		config = d.RelayConfig()
	}
	list, ok, err := relayd.LoadNotices(config)
	if err == nil && !ok {
		err = fmt.Errorf("%s: %w", config, errNoNotices)
	}
	return list, err
}

// listed is a notice with what the clock says of it.
type listed struct {
	adminhttp.Notice
	When string `json:"when"`
}

func newNoticeListCommand(e env) *cobra.Command {
	var p noticePlace
	var all, asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List own and partners' notices, who answered, and what they break here",
		Long:  "List own and partners' change notices that are in force: how near each is, who has\nanswered, what it breaks; and what has changed at partners without notice. It is\nwhat the relay last wrote beside its configuration." + "\n" + exitHelp,
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list, err := p.load()
			if err != nil {
				return err
			}
			return e.listNotices(list, all, asJSON, time.Now())
		},
	}
	p.flags(c)
	c.Flags().BoolVar(&all, "all", false, "also those that are over, replaced or taken back")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (e env) listNotices(list adminhttp.Notices, all, asJSON bool, now time.Time) error {
	shown := []listed{}
	for _, n := range list.Held {
		if all || n.InForce(now) {
			shown = append(shown, listed{n, n.Until(now)})
		}
	}
	if asJSON {
		return e.json(struct {
			Notices     []listed                `json:"notices"`
			Unannounced []adminhttp.Unannounced `json:"unannounced"`
		}{shown, list.Unannounced})
	}
	for _, c := range list.Unannounced {
		e.printf("UNANNOUNCED  %s: %s was %s, is %s, since %s%s\n", phrase.Inert(c.Agency), phrase.Inert(c.What), phrase.Inert(c.Before), phrase.Inert(c.After), c.At.UTC().Format(time.RFC3339), c.Often())
	}
	if len(shown) == 0 {
		e.printf("no change notice is in force\n")
		return nil
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	noticeTable(func(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }, shown)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, n := range shown {
		e.breaks(&n.Notice, fmt.Sprintf("%.8s  ", n.ID))
	}
	return nil
}

func noticeTable(line func(string, ...any), list []listed) {
	line("NOTICE\tAGENCY\tKIND\tWHEN\tANSWERED\tTITLE")
	for _, n := range list {
		line("%.8s\t%s\t%s\t%s\t%s\t%s", n.ID, phrase.Inert(n.Agency), phrase.Inert(n.Kind), n.When, answered(&n.Notice), phrase.Inert(n.Title))
	}
}

// answered counts who has answered, and who objects.
func answered(n *adminhttp.Notice) string {
	objections := 0
	for _, a := range n.Answers {
		if a.Objects {
			objections++
		}
	}
	s := fmt.Sprintf("%d of %d", len(n.Answers), len(n.To))
	if objections > 0 {
		s += fmt.Sprintf(", %d objects", objections)
	}
	return s
}

// breaks says what a change does, the worst first.
func (e env) breaks(n *adminhttp.Notice, before string) {
	for _, first := range []bool{true, false} {
		for _, b := range n.Does {
			mark := "BREAKS"
			if !b.Breaks {
				mark = "      "
			}
			if b.Breaks == first {
				e.printf("%s%s  %s (%s)\n", before, mark, phrase.Inert(b.Text), phrase.Inert(b.Code))
			}
		}
	}
}

// findNotice finds a notice by the beginning of its identifier.
func findNotice(d agencydir.Dir, id string) (adminhttp.Notice, error) {
	list, ok, err := d.Notices()
	if err == nil && !ok {
		err = errNoNotices
	}
	if err != nil {
		return adminhttp.Notice{}, err
	}
	return noticeIn(list, id)
}

func noticeIn(list adminhttp.Notices, id string) (found adminhttp.Notice, err error) {
	if len(id) < 4 {
		return found, usageError{fmt.Errorf("%q: want at least 4 digits of a notice's identifier", id)}
	}
	for _, n := range list.Held {
		if !strings.HasPrefix(n.ID, strings.ToLower(id)) {
			continue
		}
		if found.ID != "" {
			return found, usageError{fmt.Errorf("%q begins the identifiers of more than one notice", id)}
		}
		found = n
	}
	if found.ID == "" {
		return found, proto.Refusef(proto.ReasonNotice, "the relay holds no notice %s", id)
	}
	return found, nil
}

func newNoticeShowCommand(e env) *cobra.Command {
	var p noticePlace
	var asJSON bool
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show one notice with its answers and what it breaks",
		Long:  "Show one notice, its answers, and what it breaks. The beginning of its identifier is\nenough." + "\n" + exitHelp,
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			list, err := p.load()
			if err != nil {
				return err
			}
			n, err := noticeIn(list, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return e.json(listed{n, n.Until(time.Now())})
			}
			e.showNotice(&n, time.Now())
			return nil
		},
	}
	p.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (e env) showNotice(n *adminhttp.Notice, now time.Time) {
	e.printf("%s\n%s, of %s: %s\n", n.ID, phrase.Inert(n.Kind), phrase.Inert(n.Agency), phrase.Inert(n.Title))
	for _, s := range []string{n.Says, n.Text} {
		if s != "" {
			e.printf("  %s\n", phrase.Inert(s))
		}
	}
	e.printf("for       %s\n", phrase.Inert(strings.Join(n.To, ", ")))
	e.printf("announced %s\n", n.Issued.Format(time.RFC3339))
	e.printf("begins    %s\nends      %s\nnow       %s\n", n.Begins.Format(time.RFC3339), n.Ends.Format(time.RFC3339), n.Until(now))
	if n.Replaces != "" {
		e.printf("replaces  %s\n", n.Replaces)
	}
	if n.ReplacedBy != "" {
		e.printf("replaced  by %s: it counts no more\n", n.ReplacedBy)
	}
	for _, a := range n.Answers {
		word := "has seen it"
		if a.Objects {
			word = "OBJECTS"
		}
		if a.Text != "" {
			word += ": " + a.Text
		}
		e.printf("answer    %s %s (%s)\n", phrase.Inert(a.Agency), phrase.Inert(word), a.At.Format(time.RFC3339))
	}
	e.breaks(n, "")
}
