package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"crossband/client/handheld/sound"
	"crossband/client/phrase"
)

// soundFlags name the sound server and its devices.
type soundFlags struct{ server, input, output string }

func (f *soundFlags) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&f.server, "sound-server", "", "unix:PATH or tcp:HOST:PORT on this machine; if empty, PULSE_SERVER or the user's own")
	c.Flags().StringVar(&f.input, "input", "", "microphone, as crossband sound list names it; the default if empty")
	c.Flags().StringVar(&f.output, "output", "", "loudspeaker; the default if empty")
}

func newSoundCommand(e env) *cobra.Command {
	return group("sound", "List microphones and loudspeakers, and try them", newSoundListCommand(e), newSoundTestCommand(e))
}

// soundDevice is a device as `sound list --json` prints it.
type soundDevice struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Kind    string `json:"kind"` // input, output, monitor
	Default bool   `json:"default"`
	Muted   bool   `json:"muted"`
}

func newSoundListCommand(e env) *cobra.Command {
	var f soundFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List microphones and loudspeakers of the sound server",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := sound.Dial(f.server)
			if err != nil {
				return err
			}
			defer s.Close()
			devices, err := s.Devices()
			if err != nil {
				return err
			}
			list := []soundDevice{}
			for _, d := range devices {
				list = append(list, soundDevice{phrase.Inert(d.ID), d.Title, soundKind(d), d.Default, d.Muted})
			}
			if asJSON {
				return e.json(list)
			}
			for _, d := range list {
				e.printf("%-7s %s  %s%s\n", d.Kind, d.ID, d.Title, soundMarks(d))
			}
			return nil
		},
	}
	f.addFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func soundKind(d sound.Device) string {
	switch {
	case d.Monitor:
		return "monitor"
	case d.Input:
		return "input"
	}
	return "output"
}

func soundMarks(d soundDevice) string {
	var marks []string
	if d.Default {
		marks = append(marks, "default")
	}
	if d.Muted {
		marks = append(marks, "MUTED")
	}
	if len(marks) == 0 {
		return ""
	}
	return " (" + strings.Join(marks, ", ") + ")"
}

func newSoundTestCommand(e env) *cobra.Command {
	var f soundFlags
	var lang string
	var asJSON, noPlay bool
	c := &cobra.Command{
		Use:   "test",
		Short: "Hear three seconds of you, play them back, report on level and clipping",
		Long: `Hear three seconds of you, play them back as others would hear you, and report on
level, noise and clipping. Exit code 5 says that others would not understand you.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := phrase.ParseLanguage(lang)
			if err != nil {
				return usageError{err}
			}
			r, err := testSound(cmd.Context(), e, f, noPlay)
			if err != nil {
				return err
			}
			if asJSON {
				err = e.json(map[string]any{"seconds": r.Seconds, "peak_dbfs": r.Peak, "voice_dbfs": r.Voice, "noise_dbfs": r.Noise, "clipped": r.Clipped, "good": r.Verdict.Good(), "says": r.Verdict.Sentence(l)})
			} else {
				e.printf("%s\n%s\n", r.Verdict.Sentence(l), r.Figures())
			}
			if err == nil && !r.Verdict.Good() {
				return errFound
			}
			return err
		},
	}
	f.addFlags(c)
	c.Flags().StringVar(&lang, "lang", "en", "language of the report: en, es or fr")
	c.Flags().BoolVar(&noPlay, "no-play", false, "do not play it back")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func testSound(ctx context.Context, e env, f soundFlags, noPlay bool) (sound.Report, error) {
	s, err := sound.Dial(f.server)
	if err != nil {
		return sound.Report{}, err
	}
	defer s.Close()
	m, err := s.Microphone(f.input)
	if err != nil {
		return sound.Report{}, err
	}
	defer m.Close()
	var out *sound.Speaker
	if !noPlay {
		if out, err = s.Speaker(f.output); err != nil {
			return sound.Report{}, err
		}
		defer out.Close()
	}
	e.note("speak now, for %v", sound.ParrotFor)
	last := -1
	r, err := sound.Parrot(ctx, m, out, sound.ParrotFor, func(percent int) {
		if n := percent / 10; n != last {
			last = n
			fmt.Fprintf(e.err, "\r%-10s", strings.Repeat("#", n))
		}
	})
	fmt.Fprintln(e.err)
	return r, err
}

// noSound reports whether an error is of the machine's sound.
func noSound(err error) bool {
	return errors.Is(err, sound.ErrNoServer) || errors.Is(err, sound.ErrNoDevice)
}
