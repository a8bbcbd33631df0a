package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/crypto/agreement"
	"crossband/proto"
)

// agreementInfo is an agreement as --json prints it.
type agreementInfo struct {
	ID        string   `json:"id"`
	Revision  uint32   `json:"revision"`
	Title     string   `json:"title"`
	Parties   []string `json:"parties"`
	Observers []string `json:"observers"`
	Exercise  bool     `json:"exercise"`
	Begins    string   `json:"begins"`
	Ends      string   `json:"ends"`
	Countdown string   `json:"countdown"`
	Channels  []string `json:"channels"`
	Signed    []string `json:"signed"`
	Missing   []string `json:"missing"`
	State     string   `json:"state"`
}

func agreementInfoOf(f *agreement.File, state string) agreementInfo {
	a := &f.Agreement
	i := agreementInfo{
		ID: a.ID.String(), Revision: a.Revision, Title: a.Title, Exercise: a.Exercise, Begins: stamp(a.Begins), Ends: stamp(a.Ends),
		Countdown: a.Countdown.String(), State: state, Observers: []string{}, Missing: []string{}, Signed: []string{},
	}
	for _, p := range a.Parties {
		i.Parties = append(i.Parties, string(p))
	}
	for _, o := range a.Observers {
		i.Observers = append(i.Observers, string(o.Agency))
	}
	for _, c := range a.Channels {
		i.Channels = append(i.Channels, c.Name)
	}
	for _, s := range f.Signatures {
		i.Signed = append(i.Signed, string(s.Agency))
	}
	for _, m := range f.Missing() {
		i.Missing = append(i.Missing, string(m))
	}
	return i
}

func newAgreementShowCommand(e env) *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Show what an agreement says, who has signed it, and whether it is in force",
		Long: `Show what an agreement says, who has signed it, who is missing, and whether it is in
force. With --dir the signatures are verified by the agencies that this one trusts.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := readAgreement(args[0])
			if err != nil {
				return err
			}
			now := time.Now()
			says := state(&f.Agreement, now)
			if missing := f.Missing(); len(missing) > 0 {
				says = "waits for the signature of " + join(missing)
			}
			var verify error
			if dir != "" {
				verify = verifySignatures(dir, &f, now)
			}
			if asJSON {
				if err := e.json(agreementInfoOf(&f, says)); err != nil {
					return err
				}
				return verify
			}
			e.printf("%s%s", summary(&f.Agreement), signatures(&f))
			e.printf("state      %s\n", says)
			if dir == "" {
				e.note("the signatures were not verified: --dir AGENCY verifies them")
			}
			return verify
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the agency's folder, to verify the signatures by whom it trusts")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func verifySignatures(dir string, f *agreement.File, now time.Time) error {
	d, err := agencydir.Open(dir)
	if err != nil {
		return err
	}
	judge, err := d.Judge(now)
	if err != nil {
		return err
	}
	for i := range f.Signatures {
		if err := judge.Signature(f, &f.Signatures[i], now); err != nil {
			return fmt.Errorf("signature of %s: %w", f.Signatures[i].Agency, err)
		}
	}
	return nil
}

// summary is what an agreement says, for who is about to sign it.
func summary(a *proto.Agreement) string {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s %s\n", what, phrase.Inert(fmt.Sprintf(format, args...)))
	}
	line("agreement", "%s", a.Title)
	line("id", "%s, revision %d", a.ID, a.Revision)
	line("parties", "%s", join(a.Parties))
	status := "actual"
	if a.Exercise {
		status = "EXERCISE: nothing real may go over its channels"
	}
	line("status", "%s", status)
	line("in force", "%s to %s", stamp(a.Begins), stamp(a.Ends))
	line("countdown", "%v before what a party has withdrawn from ends", a.Countdown)
	for i := range a.Channels {
		summarize(line, &a.Channels[i])
	}
	for _, o := range a.Observers {
		line("observer", "%s, %s: hears and reads %s until %s, cannot send", o.Agency, roleWords(o.Roles), strings.Join(o.Channels, ", "), stamp(o.Until))
	}
	for _, s := range a.Ladder {
		words := make([]string, len(s.Page))
		for i, n := range s.Page {
			words[i] = shown(n)
		}
		line("ladder", "after %v %s", s.After, strings.Join(words, ", "))
	}
	if a.Rearm > 0 {
		line("ladder", "again %v after an acceptance that nothing followed", a.Rearm)
	}
	return b.String()
}

func summarize(line func(string, string, ...any), c *proto.AgreedChannel) {
	owner := "hub of " + join(c.Owners)
	if c.Kind == proto.KindIncident || c.Kind == proto.KindPatrol {
		owner = "opened by " + join(c.Owners)
	}
	storage := map[proto.Storage]string{proto.StorageNone: "kept by the sender's relay only", proto.StorageSealed: "kept sealed by every relay"}[c.Storage]
	line("channel", "%s %q (%s): %s, suite %d, %s, %v at a time", c.Name, c.Title, c.Kind, owner, c.Suite, storage, c.TalkLimit)
	for _, p := range c.Parties {
		may := []string{}
		for _, x := range []struct {
			verb  string
			roles []proto.Role
		}{{"speak", p.Send}, {"hail", p.Hail}, {"listen", p.Listen}} {
			if len(x.roles) > 0 {
				may = append(may, roleWords(x.roles)+" "+x.verb)
			}
		}
		if len(p.Send) > 0 {
			may = append(may, "up to "+p.MaxPriority.String())
		}
		if len(p.Only) > 0 {
			may = append(may, fmt.Sprintf("of them %d named only", len(p.Only)))
		}
		line("", "  %s: %s", p.Agency, strings.Join(may, "; "))
	}
}

func roleWords(roles []proto.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = r.String()
	}
	return strings.Join(words, ", ")
}

// signatures says who has signed and who is missing.
func signatures(f *agreement.File) string {
	var b strings.Builder
	for _, s := range f.Signatures {
		fmt.Fprintf(&b, "%-10s %s, %s\n", "signed", s.Agency, stamp(s.At))
	}
	for _, a := range f.Missing() {
		fmt.Fprintf(&b, "%-10s %s\n", "missing", a)
	}
	return b.String()
}
