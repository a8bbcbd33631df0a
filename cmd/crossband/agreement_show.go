package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/client/terms"
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
	for _, line := range terms.Lines(a, phrase.English) {
		fmt.Fprintf(&b, "%-10s %s\n", line.Label, line.Text)
	}
	return b.String()
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
