package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/crypto/agreement"
	"crossband/proto"
)

func newAgreementCommand(e env) *cobra.Command {
	return group("agreement", "Write, sign, show and end agreements with other agencies",
		newAgreementDraftCommand(e), newAgreementSignCommand(e), newAgreementPutCommand(e), newAgreementShowCommand(e),
		newAgreementCheckCommand(e), newAgreementEndCommand(e), newAgreementListCommand(e))
}

// readAgreement reads a file with or without signatures; none is judged.
func readAgreement(path string) (agreement.File, error) {
	octets, err := readBounded(path, proto.MaxDocument)
	if err != nil {
		return agreement.File{}, err
	}
	f, err := agreement.Parse(octets)
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// replaceFile writes a file in one step, and never half of it.
func replaceFile(path string, octets []byte) error {
	if err := os.WriteFile(path+".tmp", octets, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

func newAgreementSignCommand(e env) *cobra.Command {
	var dir, to string
	c := &cobra.Command{
		Use:   "sign FILE",
		Short: "Sign an agreement for this agency, after showing what is signed",
		Long: `Sign an agreement for this agency. What is signed is shown first; the signature is
written below the text, as a comment. Signatures that are there are verified.
Whatever is changed in the text afterwards makes every signature worthless.
Pass the file on to the next agency; when all have signed, each runs
"crossband agreement put".`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := readAgreement(args[0])
			if err != nil {
				return err
			}
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			e.printf("%s", summary(&f.Agreement))
			signed, err := d.Sign(f, time.Now())
			if err != nil {
				return err
			}
			if to == "" {
				to = args[0]
			}
			if err := replaceFile(to, signed.Encode()); err != nil {
				return err
			}
			e.printf("%s", signatures(&signed))
			if missing := signed.Missing(); len(missing) > 0 {
				e.note("next: pass %s to %s", to, join(missing))
			} else {
				e.note("next: every agency puts it in force: crossband agreement put %s", to)
			}
			return nil
		},
	}
	dirFlag(c, &dir)
	c.Flags().StringVar(&to, "to", "", "file to write, instead of FILE")
	return c
}

func newAgreementPutCommand(e env) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "put FILE",
		Short: "Give the relay an agreement that every agency has signed",
		Long: `Give the relay of this folder an agreement that every agency has signed, and charters
for the calling and standing channels of it that this agency owns. A running relay
and registrar take them at once. Partners' relays get the agreement over the link,
but every agency should put it: then no relay depends on another for it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := readAgreement(args[0])
			if err != nil {
				return err
			}
			if missing := f.Missing(); len(missing) > 0 {
				return fmt.Errorf("%s: %w", args[0], proto.Refusef(proto.ReasonNoAgreement, "%q lacks the signature of %s", f.Agreement.Title, join(missing)))
			}
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			made, err := d.Put(f, time.Now())
			if err != nil {
				return err
			}
			e.printf("agreement %s %q revision %d is given to the relay\n", f.Agreement.ID.Short(), phrase.Inert(f.Agreement.Title), f.Agreement.Revision)
			for _, c := range made {
				e.printf("%s channel %s %q\n", c.Kind, c.Channel, phrase.Inert(c.Title))
			}
			return nil
		},
	}
	dirFlag(c, &dir)
	return c
}

type endOptions struct {
	dir, reason, at string
}

func newAgreementEndCommand(e env) *cobra.Command {
	var o endOptions
	c := &cobra.Command{
		Use:   "end ID-OR-FILE",
		Short: "Withdraw from an agreement: it ends after its countdown, for everybody",
		Long: `Withdraw this agency from an agreement. Any party may, and it cannot be taken back
or put off: a second time counts if it is sooner than the first. Everybody is warned, and at the time given, or after the agreement's countdown,
every relay and every device of every party lets nothing pass any more.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runEnd(e, o, args[0]) },
	}
	dirFlag(c, &o.dir)
	c.Flags().StringVar(&o.reason, "reason", "", "why, for everybody to read")
	c.Flags().StringVar(&o.at, "at", "", "when, such as 2026-12-01T00:00:00Z; at once, after the countdown, if empty")
	return c
}

// endSlack is added to the countdown: the clock goes on while the withdrawal is made.
const endSlack = 2 * time.Second

func runEnd(e env, o endOptions, what string) error {
	d, err := agencydir.Open(o.dir)
	if err != nil {
		return err
	}
	held, err := findAgreement(d, what)
	if err != nil {
		return err
	}
	now := time.Now()
	at := now.Add(held.Agreement.Countdown + endSlack)
	if o.at != "" {
		if at, err = time.Parse(time.RFC3339, o.at); err != nil {
			return usageError{fmt.Errorf("--at: want a time such as 2026-12-01T00:00:00Z: %w", err)}
		}
	}
	if err := d.Withdraw(&held.Agreement, at, o.reason, now); err != nil {
		return err
	}
	e.printf("agreement %s %q ends %s\n", held.Agreement.ID.Short(), phrase.Inert(held.Agreement.Title), at.UTC().Format(time.RFC3339))
	return nil
}

// findAgreement finds an agreement that the folder holds, by the beginning of its
// identifier or by its file.
func findAgreement(d agencydir.Dir, what string) (agencydir.Held, error) {
	if _, err := os.Stat(what); err == nil {
		f, err := readAgreement(what)
		if err != nil {
			return agencydir.Held{}, err
		}
		what = f.Agreement.ID.String()
	}
	return d.Find(what)
}

func newAgreementListCommand(e env) *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the agreements that the agency holds, in force and waiting for signatures",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			held, err := d.Agreements()
			if err != nil {
				return err
			}
			now, list := time.Now(), []agreementInfo{}
			for i := range held {
				list = append(list, agreementInfoOf(&held[i].File, standing(&held[i], now)))
			}
			if asJSON {
				return e.json(list)
			}
			for _, i := range list {
				e.printf("%s  rev %d  %-40s %s\n", i.ID[:8], i.Revision, phrase.Inert(i.Title), phrase.Inert(i.State))
			}
			return nil
		},
	}
	dirFlag(c, &dir)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// standing says in a few words how an agreement in the folder stands.
func standing(h *agencydir.Held, now time.Time) string {
	a := &h.Agreement
	if missing := h.Missing(); len(missing) > 0 {
		return "waits for the signature of " + join(missing)
	}
	if !h.InForce {
		return "signed by all; not given to the relay: crossband agreement put"
	}
	var first *proto.Withdrawal
	for i := range h.Withdrawals {
		if w := &h.Withdrawals[i]; first == nil || w.At.Before(first.At) {
			first = w
		}
	}
	switch {
	case first == nil || !first.At.Before(a.Ends):
		return state(a, now)
	case now.Before(first.At):
		return fmt.Sprintf("ends %s: %s withdraws", stamp(first.At), first.By)
	}
	return fmt.Sprintf("ended %s: %s has withdrawn", stamp(first.At), first.By)
}

// state says how an agreement that all have signed stands at now.
func state(a *proto.Agreement, now time.Time) string {
	switch {
	case now.Before(a.Begins):
		return "begins " + stamp(a.Begins)
	case !now.Before(a.Ends):
		return "ended " + stamp(a.Ends)
	}
	return "in force until " + stamp(a.Ends)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func join[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, x := range list {
		words[i] = string(x)
	}
	return strings.Join(words, ", ")
}

// errMayNot says that check's answer is no: it has been printed.
var errMayNot = errors.New("it may not")
