package main

import (
	"github.com/spf13/cobra"

	"crossband/client/voice"
	"crossband/cmd/internal/fips"
	"crossband/cmd/internal/version"
)

func newVersionCommand(e env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Say what this program is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			i := version.Read()
			if asJSON {
				return e.json(struct {
					version.Info
					Encoder string `json:"voice_encoder"`
				}{i, voice.EncoderName()})
			}
			e.printf("crossband %s\n%s\nprotocol %s, versions %d to %d\nvoice encoder %s\n%s\n",
				i.Version, i.Go, i.Protocol, i.Lowest, i.Highest, voice.EncoderName(), fips.Read())
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
