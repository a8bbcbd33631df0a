package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/agencydir"
	"crossband/proto"
)

// How long revoke waits to see its list in force, and then for the link to be cut
// and for what the partners answer.
const (
	takenWait  = 10 * time.Second
	answerWait = 3 * time.Second
)

func newAgencyRevokeCommand(e env) *cobra.Command {
	var dir, reason string
	var force, asJSON bool
	c := &cobra.Command{
		Use:   "revoke ROLE/LABEL",
		Short: "Take a device out: lost, stolen, compromised or retired",
		Long: `Take a device out. Its link is cut, it can link no more, its open invitations are
taken back, partner agencies are told, and the members of its groups remove it,
so that it hears nothing that begins more than two seconds later.

The list is on disk when the command returns, whatever it says about the relay.
A relay in the agency's folder takes it from there; any other gets it from the
registrar, which has to run: crossband agency serve.

Of a name that nobody has enrolled as yet, the open invitations are taken back and
that is all; a name that was never invited is refused. That goes by
authority/issued.log: where it was restored from a backup it does not know every
device, and --force revokes the name whatever it says.

The name can be invited again later: crossband agency invite. Why a device was
revoked is kept in the agency's folder and told to nobody.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason != "" && !slices.Contains(agencydir.Reasons(), reason) {
				return usageError{fmt.Errorf("--reason %q: want %s", reason, strings.Join(agencydir.Reasons(), ", "))}
			}
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			name, err := d.Name(args[0])
			if errors.Is(err, proto.ErrName) {
				return usageError{fmt.Errorf("%w; want ROLE/LABEL, such as unit/del-rio-214", err)}
			}
			if err != nil {
				return err
			}
			r, err := d.Revoke(name, reason, force, time.Now())
			if err != nil {
				return err
			}
			if r.Number == 0 {
				return e.sayWithdrawn(r, asJSON)
			}
			p, err := e.awaitTaken(cmd.Context(), d, r)
			if err != nil {
				return err
			}
			if asJSON {
				return e.json(revokedJSON(r, p))
			}
			e.printf("%s is revoked by list %d\n", r.Name, r.Number)
			e.sayTaken(dir, r, p)
			return nil
		},
	}
	dirFlag(c, &dir)
	c.Flags().StringVar(&reason, "reason", "", strings.Join(agencydir.Reasons(), ", ")+"; for the agency's own book")
	c.Flags().BoolVar(&force, "force", false, "revoke the name even if authority/issued.log does not know it")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// awaitTaken waits until the relay has the list, and then a moment for the cut and
// for what the partners answer.
func (e env) awaitTaken(ctx context.Context, d agencydir.Dir, r agencydir.Revocation) (agencydir.Progress, error) {
	defer e.patience("waiting for the relay to take the list")()
	late, answers := time.Now().Add(takenWait), time.Time{}
	partners, elsewhere := d.Partners() // of a relay that is elsewhere nothing is seen
	for {
		p, err := d.Progress(r.Number)
		now := time.Now()
		if err == nil && p.Relay && answers.IsZero() {
			answers = now.Add(answerWait)
			late = answers
		}
		if err != nil || now.After(late) || p.Relay && (elsewhere != nil || settled(p, r, len(partners))) {
			return p, err
		}
		select {
		case <-ctx.Done():
			return p, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// settled reports whether nothing more is to be expected of a list.
func settled(p agencydir.Progress, r agencydir.Revocation, partners int) bool {
	_, cut := p.Status.Cut[r.Name.String()]
	return cut && len(p.Status.Told)+len(p.Status.Refused) >= partners
}

// sayWithdrawn says that only invitations went: nobody held a certificate.
func (e env) sayWithdrawn(r agencydir.Revocation, asJSON bool) error {
	if asJSON {
		return e.json(revokedJSON(r, agencydir.Progress{}))
	}
	e.printf("%s is invited no more: %d open invitation(s) taken back; nobody had enrolled as it\n", r.Name, r.Withdrawn)
	return nil
}

// sayTaken says how far the list has come, and what to do when it has not.
func (e env) sayTaken(dir string, r agencydir.Revocation, p agencydir.Progress) {
	if r.Withdrawn > 0 {
		e.note("%d open invitation(s) for it taken back", r.Withdrawn)
	}
	if !p.Relay {
		e.note("WARNING: the relay does not know yet: the device's link is not cut and partners are not told")
		e.note("next: run the registrar, crossband agency serve --dir %s, and the relay", dir)
		return
	}
	e.note("the relay has the list")
	if !p.Seen {
		e.note("which links were cut and which partners are told is in the relay's log")
		return
	}
	if at, cut := p.Status.Cut[r.Name.String()]; cut {
		e.note("its link is cut, %v after the list was made", at.Sub(r.At).Round(time.Millisecond))
	} else {
		e.note("it had no link; when it comes back it is refused and learns why")
	}
	for _, a := range slices.Sorted(maps.Keys(p.Status.Told)) {
		e.note("%s has been told", a)
	}
	for _, a := range slices.Sorted(maps.Keys(p.Status.Refused)) {
		e.note("WARNING: %s has not taken it: %s", a, p.Status.Refused[a])
	}
	e.note("partners that are not linked now are told when their link comes up")
	if !r.Name.Role.IsEndpoint() {
		e.note("next: crossband agency renew --dir %s makes a new key and certificate for it; then start it again", dir)
	}
}

// revocationJSON is a revocation as revoke --json prints it.
type revocationJSON struct {
	Name      string            `json:"name"`
	At        time.Time         `json:"at"`
	List      uint64            `json:"list,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Withdrawn int               `json:"invitations_withdrawn"`
	Relay     bool              `json:"relay_has_it"`
	Cut       *time.Time        `json:"link_cut,omitempty"`
	Told      []string          `json:"partners_told"`
	Refused   map[string]string `json:"partners_refused,omitempty"`
}

func revokedJSON(r agencydir.Revocation, p agencydir.Progress) revocationJSON {
	out := revocationJSON{
		Name: r.Name.String(), At: r.At.UTC(), List: r.Number, Reason: r.Reason, Withdrawn: r.Withdrawn, Relay: p.Relay,
		Told: slices.AppendSeq([]string{}, maps.Keys(p.Status.Told)), Refused: p.Status.Refused,
	}
	slices.Sort(out.Told)
	if at, cut := p.Status.Cut[r.Name.String()]; cut {
		out.Cut = &at
	}
	return out
}

func newAgencyRevokedCommand(e env) *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "revoked",
		Short: "List what the agency has revoked, newest first",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			list, err := d.Revoked()
			if err != nil {
				return err
			}
			if asJSON {
				out := []map[string]string{}
				for _, r := range list {
					out = append(out, map[string]string{"name": r.Name.String(), "at": r.At.UTC().Format(time.RFC3339), "reason": r.Reason})
				}
				return e.json(out)
			}
			for _, r := range list {
				what := r.Name.String()
				if r.Name == (proto.Name{}) {
					what = "an issuing authority"
				}
				e.printf("%s  %-11s  %s\n", r.At.UTC().Format(time.RFC3339), orDash(r.Reason), what)
			}
			return nil
		},
	}
	dirFlag(c, &dir)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
