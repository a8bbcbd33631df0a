package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/handheld/sound"
	"crossband/client/parrot"
	"crossband/client/phrase"
	"crossband/proto"
)

type parrotOptions struct {
	device
	channelFlag
	lang   string
	long   time.Duration
	asJSON bool
}

func newParrotCommand(e env) *cobra.Command {
	var o parrotOptions
	c := &cobra.Command{
		Use:   "parrot",
		Short: "Say back what is heard on a channel, and report on its sound",
		Long: `Make this device an echo: it waits for the end of each burst on the channel, says it
back as it came, and writes to the channel whether the voice was too quiet, cut off
or noisy. For a channel of its own, on which people try their radios. It runs until
interrupted, or for --for.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runParrot(cmd.Context(), e, o) },
	}
	o.device.addFlags(c)
	o.channelFlag.addFlags(c)
	c.Flags().StringVar(&o.lang, "lang", "", "language of the report: en, es or fr; if empty, all three")
	c.Flags().DurationVar(&o.long, "for", 0, "how long; 0: until interrupted")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print what was heard as JSON")
	return c
}

// echoed is a burst that was said back, as `parrot --json` prints it.
type echoed struct {
	From  string  `json:"from"`
	Voice float64 `json:"voice_dbfs"`
	Peak  float64 `json:"peak_dbfs"`
	Noise float64 `json:"noise_dbfs"`
	Cut   int     `json:"clipped"`
	Good  bool    `json:"good"`
	Said  bool    `json:"said_back"`
}

func runParrot(ctx context.Context, e env, o parrotOptions) error {
	languages, err := reportLanguages(o.lang)
	if err != nil {
		return usageError{err}
	}
	ear := parrot.New()
	s, err := o.open(ctx, e, ear)
	if err != nil {
		return err
	}
	defer s.close()
	joining, cancel := context.WithTimeout(ctx, o.timeout)
	ch, err := o.join(joining, s)
	cancel()
	if err != nil {
		return err
	}
	if o.long > 0 {
		ctx, cancel = context.WithTimeout(ctx, o.long)
		defer cancel()
	}
	e.note("saying back what is said on %s", s.title(ch.ID()))
	list := echo(ctx, e, s, ch, ear, languages)
	if o.asJSON {
		return errors.Join(e.json(map[string]any{"bursts": list}), s.out)
	}
	return s.out
}

func reportLanguages(lang string) ([]phrase.Language, error) {
	if lang == "" {
		return []phrase.Language{phrase.English, phrase.Spanish, phrase.French}, nil
	}
	l, err := phrase.ParseLanguage(lang)
	return []phrase.Language{l}, err
}

// maxEchoed bounds what --json prints; the oldest goes.
const maxEchoed = 1000

// echo says back one burst after the other until ctx ends.
func echo(ctx context.Context, e env, s *station, ch *client.Channel, ear *parrot.Parrot, languages []phrase.Language) []echoed {
	list := []echoed{}
	for {
		ev, ok := s.next(ctx)
		if !ok {
			return list
		}
		heard, is := ev.(client.BurstHeard)
		if !is || heard.Channel != ch.ID() {
			s.mention(ev)
			continue
		}
		said := ear.Take(heard.Burst)
		if said == nil {
			continue
		}
		r := sound.Judge(said.PCM)
		x := echoed{said.From.String(), r.Voice, r.Peak, r.Noise, r.Clipped, r.Verdict.Good(), false}
		e.note("%s: %s", shown(said.From), r.Figures())
		err := sayBack(ctx, ch, said, reportOn(said.From, r, languages))
		if x.Said = err == nil; x.Said {
			e.note("said back to %s", shown(said.From))
		} else if ctx.Err() == nil {
			e.note("not said back: %v", err)
		}
		list = append(list, x)
		list = list[max(0, len(list)-maxEchoed):]
	}
}

// reportOn is what is written to the channel about somebody's sound.
func reportOn(who proto.Name, r sound.Report, languages []phrase.Language) string {
	text := fmt.Sprintf("%s@%s:", who.Short(), who.Agency)
	for i, l := range languages {
		if i > 0 {
			text += " /"
		}
		text += " " + r.Verdict.Sentence(l)
	}
	return fmt.Sprintf("%s (%.0f dBFS)", text, r.Voice)
}

func sayBack(ctx context.Context, ch *client.Channel, said *parrot.Said, report string) error {
	wait := time.NewTimer(parrot.Waits)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := ch.Talk(ctx, said, client.TalkOptions{Queue: true})
	if _, told := ch.Text(ctx, report); told != nil && !errors.Is(told, client.ErrWaiting) {
		err = errors.Join(err, told)
	}
	return err
}
