package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/hookd"
	"crossband/relay/hook"
)

type hookTestOptions struct {
	config, source, contentType, lang string
	asJSON                            bool
}

func newHookTestCommand(e env) *cobra.Command {
	var o hookTestOptions
	c := &cobra.Command{
		Use:   "test [--source NAME FILE]",
		Short: "Check the file, and say what an alert would do, without doing it",
		Long: `Check hook.toml and the files that it names. With a source and the file of an
alert it says what that alert would do if it came now, and first: whether it rings
and why not, whom it hails, and in which words. Nothing is sent and nothing is kept.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runHookTest(e, o, args) },
	}
	c.Flags().StringVar(&o.config, "config", "hook.toml", "the configuration file")
	c.Flags().StringVar(&o.source, "source", "", "whose alert it would be")
	c.Flags().StringVar(&o.contentType, "type", "application/xml", "its media type")
	c.Flags().StringVar(&o.lang, "lang", "en", "language of the sentence: en, es or fr")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

// forecast is what an alert would do, as `hook test --json` prints it.
type forecast struct {
	Format   string `json:"format"`
	Sender   string `json:"sender,omitempty"`
	ID       string `json:"id,omitempty"`
	Kind     string `json:"kind,omitempty"`
	Rings    bool   `json:"rings"`
	Exercise bool   `json:"exercise,omitempty"`
	Urgency  string `json:"urgency,omitempty"`
	To       string `json:"to,omitempty"`
	Sentence string `json:"sentence,omitempty"`
	Note     string `json:"note,omitempty"`
	Expires  string `json:"expires,omitempty"`
	Why      string `json:"why,omitempty"`
}

func runHookTest(e env, o hookTestOptions, args []string) error {
	cfg, err := hookd.Load(o.config)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		e.printf("%s is good: %d source(s)\n", o.config, len(cfg.Sources))
		return nil
	}
	lang, err := phrase.ParseLanguage(o.lang)
	if err != nil {
		return usageError{err}
	}
	src := cfg.Source(o.source)
	if src == nil {
		return usageError{fmt.Errorf("--source %q: %s has no such source", o.source, o.config)}
	}
	body, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	if len(body) > hook.MaxBody {
		return fmt.Errorf("%s: %d octets, at most %d are taken", args[0], len(body), hook.MaxBody)
	}
	r, err := hook.Read(hook.Message{ContentType: o.contentType, Body: body, ID: "test"}, func(f hook.Format) bool { return slices.Contains(src.Hook().Formats, f) })
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	list, err := forecasts(&cfg, src, r, lang)
	if err != nil {
		return err
	}
	if o.asJSON {
		return e.json(list)
	}
	for _, f := range list {
		e.printf("%s\n", phrase.Inert(f.line()))
	}
	return errors.Join(r.Refused...)
}

func forecasts(cfg *hookd.Config, src *hookd.Source, r hook.Reading, lang phrase.Language) ([]forecast, error) {
	now, list := time.Now(), []forecast{}
	if r.Nothing != "" {
		list = append(list, forecast{Format: string(r.Format), Why: r.Nothing})
	}
	for _, a := range r.Alerts {
		v := hook.Judge(&a, src.Hook().Policy, now)
		f := forecast{Format: string(r.Format), Sender: a.Sender, ID: a.ID, Kind: a.Kind.String(), Rings: v.Rings, Exercise: v.Exercise, Why: v.Why}
		if !a.Expires.IsZero() {
			f.Expires = a.Expires.UTC().Format(time.RFC3339)
		}
		if v.Rings {
			w, err := cfg.Words(hook.Raise{Call: hook.Call{Source: src.Name, Alert: a}})
			if err != nil {
				return nil, err
			}
			if a.Kind == hook.KindUpdate {
				f.Why = "it rings if what it updates is not known or rings no more, and is told as a text otherwise"
			}
			f.Urgency, f.To, f.Sentence, f.Note = v.Urgency.String(), shown(w.To), w.Content.Sentence(lang), w.Note
		}
		list = append(list, f)
	}
	return list, nil
}

func (f forecast) line() string {
	who := fmt.Sprintf("%s %s %s", f.Format, f.Kind, f.ID)
	if !f.Rings {
		return fmt.Sprintf("%s: rings nobody: %s", who, f.Why)
	}
	exercise := ""
	if f.Exercise {
		exercise = "EXERCISE "
	}
	if f.Why != "" {
		exercise = f.Why + ": " + exercise
	}
	return fmt.Sprintf("%s: %s%s to %s: %s “%s”", who, exercise, f.Urgency, f.To, f.Sentence, f.Note)
}
