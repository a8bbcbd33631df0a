package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"crossband/client/handheld/page"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/endpointdir"
)

// handheldFlags is the command line of a handheld.
type handheldFlags struct {
	home, lang, position, log string
	terminal                  bool
	sound                     soundFlags
	at                        pageFlags
}

func newHandheldCommand(e env) *cobra.Command {
	var f handheldFlags
	c := &cobra.Command{
		Use:   "handheld",
		Short: "Talk, hail and text with one button: a page for a phone, or this terminal",
		Long: `Talk, listen, hail and text with one button.

Without --terminal it serves a page for a phone or a rugged device.
` + pageHelp + `

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
	c.Flags().StringVar(&f.log, "log", "", "file for what happens on the way; none if empty")
	f.sound.addFlags(c)
	f.at.addFlags(c)
	return c
}

func runHandheld(ctx context.Context, e env, f handheldFlags) error {
	if !f.terminal {
		if f.position != "" || f.sound != (soundFlags{}) {
			return usageError{errors.New("--position, --input, --output and --sound-server are for --terminal: a page has its browser's")}
		}
		log, closing, err := logFile(f.log)
		if err != nil {
			return err
		}
		defer closing()
		return f.at.serve(ctx, e, served{home: f.home, lang: f.lang, page: page.Files(), log: log})
	}
	if f.at != (pageFlags{}) {
		return usageError{errors.New("--listen and what goes with it are for the page, not for --terminal")}
	}
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
