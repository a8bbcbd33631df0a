package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
)

func newPhrasesCommand(e env) *cobra.Command {
	var lang string
	var asJSON bool
	c := &cobra.Command{
		Use:   "phrases",
		Short: "List the phrasebook: codes, sentences and slots",
		Long: `List the phrasebook: each phrase's code and name, its sentence with the slots it
needs in braces, and below it the slots to give: KEY= is needed, [KEY=] may be
given. Every phrase may also carry ` + slotList(phrase.Always()) + `
beside those. It needs no device and no link.`,
		Args: knownCommand,
		RunE: func(*cobra.Command, []string) error { return listPhrases(e, lang, asJSON) },
	}
	c.Flags().StringVar(&lang, "lang", "en", "language of the sentences: en, es or fr")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.AddCommand(newPhraseShowCommand(e))
	return c
}

func newPhraseShowCommand(e env) *cobra.Command {
	var slots []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "show PHRASE [--slot KEY=VALUE...]",
		Short: "Show one phrase in every language, and what to type for its slots",
		Long: `Show one phrase, by its name or code, in every language, and what to type for
each of its slots. With --slot, what a reader would be shown, and the content's
octets; nothing is sent.

  crossband phrases show missing-child --slot count=2 --slot vehicle=pickup,white`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := findPhrase(args[0])
			if err != nil {
				return err
			}
			return showPhrase(e, p, slots, cmd.Flags().Changed("slot"), asJSON)
		},
	}
	c.Flags().StringArrayVar(&slots, "slot", nil, "KEY=VALUE of the phrase (repeatable)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// findPhrase finds a phrase by its name or its code.
func findPhrase(s string) (phrase.Phrase, error) {
	code, ok := phrase.Lookup(s)
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		code, ok = phrase.Code(n), true
	}
	if p, found := phrase.Find(code); ok && found {
		return p, nil
	}
	return phrase.Phrase{}, usageError{fmt.Errorf("no phrase %q; crossband phrases lists all", s)}
}

// phraseInfo is a phrase as `phrases --json` prints it. Required holds one list
// for each slot that must be given: any one of its kinds serves.
type phraseInfo struct {
	Code     phrase.Code `json:"code"`
	Phrase   string      `json:"phrase"`
	Topic    string      `json:"topic"`
	Text     string      `json:"text"`
	Required [][]string  `json:"required"`
	Optional []string    `json:"optional"`
}

func phraseInfoOf(p phrase.Phrase, l phrase.Language) phraseInfo {
	info := phraseInfo{p.Code(), p.Slug(), p.Topic().Name(l), p.Template(l), [][]string{}, []string{}}
	for _, k := range p.Required() {
		serves := []string{k.String()}
		if other := k.StandIn(); other != 0 {
			serves = append(serves, other.String())
		}
		info.Required = append(info.Required, serves)
	}
	for _, k := range p.Optional() {
		info.Optional = append(info.Optional, k.String())
	}
	return info
}

func listPhrases(e env, lang string, asJSON bool) error {
	l, err := phrase.ParseLanguage(lang)
	if err != nil {
		return usageError{err}
	}
	if asJSON {
		infos := []phraseInfo{}
		for p := range phrase.Phrases() {
			infos = append(infos, phraseInfoOf(p, l))
		}
		return e.json(infos)
	}
	topic := phrase.Topic(0)
	for p := range phrase.Phrases() {
		if p.Topic() != topic {
			topic = p.Topic()
			e.printf("%s\n", topic.Name(l))
		}
		e.printf("%5d  %-26s %s\n", p.Code(), p.Slug(), p.Template(l))
		if keys := slotKeys(p); keys != "" {
			e.printf("%33s %s\n", "", keys)
		}
	}
	return nil
}

// slotKeys lists a phrase's slots as they are typed, without those that every
// phrase may carry.
func slotKeys(p phrase.Phrase) string {
	var keys []string
	for _, k := range p.Required() {
		key := k.String() + "="
		if other := k.StandIn(); other != 0 {
			key += " or " + other.String() + "="
		}
		keys = append(keys, key)
	}
	for _, k := range p.Optional() {
		if !slices.Contains(phrase.Always(), k) {
			keys = append(keys, "["+k.String()+"=]")
		}
	}
	return strings.Join(keys, " ")
}

func slotList(kinds []phrase.Kind) string {
	var keys []string
	for _, k := range kinds {
		keys = append(keys, k.String()+"=")
	}
	return strings.Join(keys, ", ")
}

// showPhrase shows the phrase's sentences, filled in if there are slots.
func showPhrase(e env, p phrase.Phrase, slots []string, filled, asJSON bool) error {
	texts, octets := map[string]string{}, ""
	for _, l := range phrase.Languages() {
		texts[l.String()] = p.Template(l)
	}
	if filled || len(p.Required()) == 0 {
		content, err := compose(p.Slug(), slots)
		if err != nil {
			return err
		}
		b, err := content.AppendTo(nil)
		if err != nil {
			return err
		}
		octets = fmt.Sprintf("%x", b)
		for _, l := range phrase.Languages() {
			texts[l.String()] = content.Sentence(l)
		}
	}
	if asJSON {
		return e.json(struct {
			phraseInfo
			Texts  map[string]string `json:"texts"`
			Forms  map[string]string `json:"forms"`
			Octets string            `json:"octets,omitempty"`
		}{phraseInfoOf(p, phrase.English), texts, forms(p), octets})
	}
	e.printf("%d  %s  (%s)\n", p.Code(), p.Slug(), p.Topic().Name(phrase.English))
	for _, l := range phrase.Languages() {
		e.printf("  %-6s %s\n", l, texts[l.String()])
	}
	if octets != "" {
		e.printf("  octets %s\n", octets)
	}
	for _, k := range p.Required() {
		e.printf("  needs %s=%s\n", k, k.Form())
		if other := k.StandIn(); other != 0 {
			e.printf("     or %s=%s\n", other, other.Form())
		}
	}
	for _, k := range p.Optional() {
		e.printf("  may   %s=%s\n", k, k.Form())
	}
	return nil
}

// forms returns what to type for each slot that the phrase may carry.
func forms(p phrase.Phrase) map[string]string {
	out := map[string]string{}
	for _, k := range append(p.Required(), p.Optional()...) {
		out[k.String()] = k.Form()
	}
	return out
}
