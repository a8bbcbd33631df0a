package main

import (
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/agencydir"
	"crossband/proto"
)

func newAgencyRollCommand(e env) *cobra.Command {
	var dir, passphrase string
	var overlap time.Duration
	var issuing bool
	c := &cobra.Command{
		Use:   "roll",
		Short: "Replace the agency's root, signed by the old one, or its issuing authority",
		Long: `Replace the agency's root by a new one that the old one signs. Both are accepted
for --overlap; in that time the new bundle must reach every partner: export it
and have them run "agency trust FILE", which needs no words, because the root
that they have pinned vouches for the new one. Own devices learn of it through
the registrar. The root's key must be in the folder for this.

--issuing leaves the root and only makes a new issuing authority, which lasts
two years.` + "\n" + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			pass, err := readPassphrase(passphrase)
			if err != nil {
				return err
			}
			if issuing {
				until, err := d.RenewIssuing(pass, time.Now())
				if err != nil {
					return err
				}
				e.printf("new issuing authority, until %s\n", until.UTC().Format(time.DateOnly))
				return nil
			}
			b, err := d.Roll(pass, overlap, time.Now())
			if err != nil {
				return err
			}
			e.printf("new root of %s: %s\n", b.Agency, b.Fingerprint())
			e.note("next: crossband agency export --dir %s, for every partner, within %v", dir, overlap)
			return nil
		},
	}
	dirFlag(c, &dir)
	c.Flags().StringVar(&passphrase, "root-passphrase-file", "", "file with the passphrase of the root's key")
	c.Flags().DurationVar(&overlap, "overlap", 60*24*time.Hour, "how long both roots are accepted")
	c.Flags().BoolVar(&issuing, "issuing", false, "only make a new issuing authority")
	return c
}

func newAgencyUntrustCommand(e env) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "untrust AGENCY",
		Short: "Take back the trust in a partner agency",
		Long:  "Take back the trust in a partner agency: its relay is cut off as soon as the\nregistrar has handed out the new trust list, and its members' certificates are\njudged no more.\n" + exitHelp,
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			partner, err := proto.ParseAgency(args[0])
			if err != nil {
				return usageError{err}
			}
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			if err := d.Untrust(partner, time.Now()); err != nil {
				return err
			}
			e.printf("%s is trusted no more\n", partner)
			return nil
		},
	}
	dirFlag(c, &dir)
	return c
}
