package main

import (
	"context"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/endpointdir"
)

// handheldFlags is the command line of a handheld.
type handheldFlags struct {
	home, lang, position, log string
	terminal                  bool
	sound                     soundFlags
}

func newHandheldCommand(e env) *cobra.Command {
	var f handheldFlags
	c := &cobra.Command{
		Use:   "handheld --terminal",
		Short: "Talk, hail and text from this terminal",
		Long: `Talk, listen, hail and text with one button.

With --terminal it is this terminal, for a laptop in a vehicle: space talks, ? shows
every key. Voice goes through PipeWire or PulseAudio; crossband sound test tries it.
--position takes where the unit is from a receiver: gpsd, gpsd:HOST:PORT, nmea:PATH
or nmea:tcp:HOST:PORT; the partners of mirrored patrols are told each 30 seconds.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runHandheld(cmd.Context(), e, f) },
	}
	c.Flags().StringVar(&f.home, "home", endpointdir.Default(), "the device's folder")
	c.Flags().BoolVar(&f.terminal, "terminal", false, "show it on this terminal")
	c.Flags().StringVar(&f.lang, "lang", "en", "language in which it begins: en, es or fr")
	c.Flags().StringVar(&f.position, "position", "", "where positions come from, with --terminal; by hand if empty")
	c.Flags().StringVar(&f.log, "log", "", "file for what happens on the way, with --terminal; none if empty")
	f.sound.addFlags(c)
	return c
}

func runHandheld(ctx context.Context, e env, f handheldFlags) error {
	l, err := phrase.ParseLanguage(f.lang)
	if err != nil {
		return usageError{err}
	}
	log, closing, err := logFile(f.log)
	if err != nil {
		return err
	}
	defer closing()
	return runTerminal(ctx, e, terminalOptions{home: f.home, language: l, position: f.position, sound: f.sound, log: log})
}
