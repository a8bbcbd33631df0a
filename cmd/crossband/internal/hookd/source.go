package hookd

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"crossband/client/phrase"
	"crossband/formats/webhook"
	"crossband/proto"
	"crossband/relay/hook"
)

// check checks a source and makes of it what relay/hook needs. key is what is
// wrong.
func (s *Source) check(dir string) (key string, err error) {
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`).MatchString(s.Name) {
		return "name", errors.New("want 1 to 40 of a-z, 0-9, hyphen, underscore")
	}
	s.hook = &hook.Source{Name: s.Name}
	for _, step := range []struct {
		key string
		do  func() error
	}{
		{"secrets", func() error { return s.loadSecrets(dir) }}, {"formats", s.checkFormats}, {"to", s.checkTo},
		{"phrase", s.checkPhrases}, {"exercise", s.checkExercise}, {"least", s.checkLeast}, {"most", s.checkMost}, {"rate", s.checkRate},
	} {
		if err := step.do(); err != nil {
			return step.key, err
		}
	}
	return "", nil
}

func (s *Source) loadSecrets(dir string) error {
	if len(s.Secrets) == 0 || len(s.Secrets) > webhook.MaxSignatures {
		return fmt.Errorf("secrets: %d files, want 1 to %d", len(s.Secrets), webhook.MaxSignatures)
	}
	for _, name := range s.Secrets {
		path := beside(dir, name)
		if err := checkPrivate(path); err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		secret, err := webhook.ParseSecret(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		s.hook.Secrets = append(s.hook.Secrets, secret)
	}
	return nil
}

func (s *Source) checkFormats() error {
	for _, f := range s.Formats {
		if !slices.Contains(hook.Formats(), hook.Format(f)) {
			return fmt.Errorf("format %q; known are %v", f, hook.Formats())
		}
		s.hook.Formats = append(s.hook.Formats, hook.Format(f))
	}
	if len(s.Formats) == 0 {
		return errors.New("formats: none; it could send nothing")
	}
	return nil
}

func (s *Source) checkTo() (err error) {
	s.to, err = ParseDesk(s.To)
	return err
}

// ParseDesk reads desk/LABEL@AGENCY.
func ParseDesk(text string) (proto.Name, error) {
	short, agency, _ := strings.Cut(text, "@")
	n, err := proto.ParseName("spiffe://" + agency + "/" + short)
	if err != nil || n.Role != proto.RoleDesk {
		return proto.Name{}, fmt.Errorf("to: %q is not desk/LABEL@AGENCY", text)
	}
	return n, nil
}

func (s *Source) checkPhrases() (err error) {
	if s.phrase, err = sayable(s.Phrase); err != nil {
		return err
	}
	s.phrases = make(map[string]phrase.Code)
	for event, slug := range s.Phrases {
		code, err := sayable(slug)
		if err != nil {
			return err
		}
		s.phrases[strings.ToLower(event)] = code
	}
	return nil
}

// sayable finds a phrase that can be said with what an alert gives: a place at
// most, and that not always.
func sayable(slug string) (phrase.Code, error) {
	code, ok := phrase.Lookup(slug)
	if !ok {
		return 0, fmt.Errorf("no phrase %q; crossband hail --phrases lists all", slug)
	}
	p, _ := phrase.Find(code)
	if need := p.Required(); len(need) > 0 {
		return 0, fmt.Errorf("phrase %s needs %s=, which an alert may not have", slug, need[0])
	}
	return code, nil
}

func (s *Source) checkExercise() error {
	switch s.Exercise {
	case "", "log":
	case "ring-as-exercise":
		s.hook.Policy.Practice = hook.PracticeRings
	default:
		return fmt.Errorf("exercise = %q: want log or ring-as-exercise", s.Exercise)
	}
	return nil
}

func (s *Source) checkLeast() error {
	v, ok := hook.ParseSeverity(s.Least)
	if !ok || s.Least != "" && v == hook.Unknown {
		return fmt.Errorf("least = %q: want minor, moderate, severe or extreme", s.Least)
	}
	s.hook.Policy.Least = v
	return nil
}

func (s *Source) checkMost() (err error) {
	if s.Most != "" {
		s.hook.Policy.Most, err = proto.ParsePriority(s.Most)
	}
	return err
}

func (s *Source) checkRate() error {
	if s.Rate < 0 || s.Rate > 10_000 {
		return fmt.Errorf("rate = %d: want 1 to 10000 alerts a second", s.Rate)
	}
	if s.Rate > 0 {
		s.hook.Rate = proto.Rate{PerSecond: float64(s.Rate), Burst: 10 * float64(s.Rate)}
	}
	return nil
}
