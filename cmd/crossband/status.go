package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/internal/adminhttp"
	"crossband/cmd/internal/relayd"
)

type statusOptions struct {
	config, admin string
	timeout       time.Duration
	asJSON        bool
}

// Why there is no status to show.
var (
	errNoAdmin  = errors.New("no admin address is set")
	errNoStatus = errors.New("the relay's admin address does not answer")
)

func newStatusCommand(e env) *cobra.Command {
	var o statusOptions
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how a running relay stands",
		Long: `Show how a running relay stands: what is wrong first, then its certificate,
partners, channels and queues. The relay is asked at its admin address, the key
admin of its configuration file.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runStatus(cmd.Context(), e, o) },
	}
	c.Flags().StringVar(&o.config, "config", relayd.FileName, "the relay's configuration file")
	c.Flags().StringVar(&o.admin, "admin", "", "HOST:PORT of the relay's admin address, instead of looking it up")
	c.Flags().DurationVar(&o.timeout, "timeout", 5*time.Second, "how long to wait for the relay")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

func runStatus(ctx context.Context, e env, o statusOptions) error {
	address := o.admin
	if address == "" {
		c, err := relayd.Load(o.config)
		if err != nil {
			return err
		}
		if address = c.Admin; address == "" {
			return fmt.Errorf("%s: %w", o.config, errNoAdmin)
		}
	} else if _, _, err := net.SplitHostPort(address); err != nil {
		return usageError{fmt.Errorf("--admin: want HOST:PORT: %w", err)}
	}
	s, err := fetchStatus(ctx, address, o.timeout)
	if err != nil {
		return err
	}
	if o.asJSON {
		err = e.json(s)
	} else {
		err = showStatus(e, s)
	}
	if err != nil {
		return err
	}
	for _, w := range s.Warnings {
		if w.Problem {
			return errFound
		}
	}
	return nil
}

// maxStatus bounds what is read of an answer: it need not be a relay's.
const maxStatus = 16 << 20

func fetchStatus(ctx context.Context, address string, timeout time.Duration) (adminhttp.Status, error) {
	var s adminhttp.Status
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/status", nil)
	if err != nil {
		return s, usageError{err}
	}
	t := &http.Transport{} // no proxy: the address is meant as it is
	defer t.CloseIdleConnections()
	answer, err := t.RoundTrip(r)
	if err != nil {
		return s, fmt.Errorf("%s: %w: %w", address, errNoStatus, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return s, fmt.Errorf("%s: the answer is %s, not a relay's status", address, answer.Status)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxStatus)).Decode(&s); err != nil || s.Name == "" {
		return s, fmt.Errorf("%s: the answer is not a relay's status", address)
	}
	return s, nil
}

// showStatus writes for people: what is wrong, then the rest in tables. What
// partners have said is part of it.
func showStatus(e env, s adminhttp.Status) error {
	for _, w := range s.Warnings {
		mark := "soon   "
		if w.Problem {
			mark = "PROBLEM"
		}
		e.printf("%s  %s: %s\n", mark, w.About, phrase.Inert(w.Text))
	}
	if len(s.Warnings) == 0 {
		e.printf("ok       nothing is wrong\n")
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }
	line("\nrelay\t%s, crossband %s (%s)", phrase.Inert(s.Name), phrase.Inert(s.Version), phrase.Inert(s.Go))
	line("running\tfor %v", (time.Duration(s.UptimeSeconds) * time.Second))
	line("\t%s", phrase.Inert(s.FIPS.String()))
	for _, c := range s.Certificates {
		line("certificate\tof the %s, ends %s, in %.1f days", phrase.Inert(c.Of), c.Ends.UTC().Format(time.RFC3339), c.DaysLeft)
	}
	if s.Store != nil {
		line("store\t%d octets of %d", s.Store.Used, s.Store.Bound)
	}
	showPeers(line, s)
	showNotices(line, s)
	showAgreements(line, s)
	showChannels(line, s)
	line("\nQUEUE\tNOW\tBOUND\tDROPPED\tAT THE BOUND")
	for _, q := range s.Queues {
		drops := "-" // not counted, which is not none
		if q.Drops != nil {
			drops = strconv.FormatUint(*q.Drops, 10)
		}
		line("%s\t%d\t%d\t%s\t%s", phrase.Inert(q.Name), q.Depth, q.Bound, drops, phrase.Inert(q.AtBound))
	}
	return t.Flush()
}

func showPeers(line func(string, ...any), s adminhttp.Status) {
	if len(s.Peers) > 0 {
		line("\nPARTNER\tLINK\tSINCE\tCLOCK AHEAD\tSOFTWARE")
	}
	for _, p := range s.Peers {
		link, since, ahead := "no", "never", ""
		if p.Linked {
			link, ahead = "yes", time.Duration(p.SkewSeconds*float64(time.Second)).Round(time.Millisecond).String()
		}
		if !p.Since.IsZero() {
			since = p.Since.UTC().Format(time.RFC3339)
		}
		line("%s\t%s\t%s\t%s\t%s", phrase.Inert(p.Agency), link, since, ahead, phrase.Inert(p.Software))
	}
	if len(s.Links) > 0 {
		line("\nLINKED AGENCY\tROLE\tLINKS")
	}
	for _, l := range s.Links {
		line("%s\t%s\t%d", phrase.Inert(l.Agency), phrase.Inert(l.Role), l.Count)
	}
}

// showNotices lists the change notices in force. What they break is among the
// warnings.
func showNotices(line func(string, ...any), s adminhttp.Status) {
	var list []listed
	for _, n := range s.Notices.Held {
		if n.InForce(s.At) {
			list = append(list, listed{n, n.Until(s.At)})
		}
	}
	if len(list) > 0 {
		line("")
		noticeTable(line, list)
	}
}

func showAgreements(line func(string, ...any), s adminhttp.Status) {
	if len(s.Agreements) > 0 {
		line("\nAGREEMENT\tREVISION\tTITLE\tSIGNED BY\tENDS")
	}
	for _, a := range s.Agreements {
		line("%s\t%d\t%s\t%s\t%s", phrase.Inert(a.ID), a.Revision, phrase.Inert(a.Title), phrase.Inert(strings.Join(a.Agencies, ", ")), stamp(a.Ends))
	}
}

func showChannels(line func(string, ...any), s adminhttp.Status) {
	if len(s.Channels) > 0 {
		line("\nCHANNEL\tTITLE\tKIND\tPART\tHUB\tLINKS\tMEMBERS\tLOG\tTALK")
	}
	for _, c := range s.Channels {
		hub, members, talk := phrase.Inert(c.Owner), "", "no"
		if c.Part == "follower" {
			hub += " (" + phrase.Inert(c.Hub) + ")"
		} else {
			members = fmt.Sprint(c.Members)
		}
		if c.Talking {
			talk = "yes"
		}
		line("%s\t%s\t%s\t%s\t%s\t%d\t%s\t%d\t%s", phrase.Inert(c.ID), phrase.Inert(c.Title), phrase.Inert(c.Kind), phrase.Inert(c.Part), hub, c.Subscribers, members, c.Head, talk)
	}
}
