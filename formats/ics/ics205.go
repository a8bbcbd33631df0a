package ics

import (
	"fmt"
	"strings"
)

// sheet fills the form ICS 205 (version of 2010 and later).
func (p RadioPlan) sheet(c clock) (sheet, error) {
	if err := p.check(); err != nil {
		return sheet{}, err
	}
	channels := &table{columns: []column{
		{"Zone Grp.", 4}, {"Ch #", 3}, {"Function", 9}, {"Channel Name/Trunked Radio System Talkgroup", 12}, {"Assignment", 10},
		{"RX Freq N or W", 10}, {"RX Tone/NAC", 5}, {"TX Freq N or W", 10}, {"TX Tone/NAC", 5}, {"Mode (A, D, or M)", 4}, {"Remarks", 0},
	}}
	for _, ch := range p.Channels {
		channels.rows = append(channels.rows, ch.row())
	}
	export := table{columns: append([]column{{"Incident", 0}}, channels.columns...)}
	for _, row := range channels.rows {
		export.rows = append(export.rows, append([]string{p.Incident}, row...))
	}
	return sheet{
		number: "ICS 205", title: "INCIDENT RADIO COMMUNICATIONS PLAN", incident: p.Incident, exercise: p.Exercise, wide: true, plan: true,
		boxes: []box{
			{number: 1, title: "Incident Name", text: p.Incident},
			{number: 2, title: "Date/Time Prepared", fields: c.fields("Date", "Time", p.Prepared)},
			{number: 3, title: "Operational Period", fields: c.period(p.Period)},
			{number: 4, title: "Basic Radio Channel Use", table: channels},
			{number: 5, title: "Special Instructions", text: p.Special},
			{number: 6, title: "Prepared by (Communications Unit Leader)", fields: []field{{"Name", p.By.Name}, {"Signature", blank}}},
		},
		foot:   c.fields("Date", "Time", p.By.At),
		export: export,
	}, nil
}

func (p RadioPlan) check() error {
	if err := checkTime("prepared", p.Prepared); err != nil {
		return err
	}
	if err := p.Period.check(); err != nil {
		return err
	}
	for n, ch := range p.Channels {
		if err := ch.Mode.check(); err != nil {
			return fmt.Errorf("channel %d: %w", n+1, err)
		}
	}
	return checkTime("prepared by", p.By.At)
}

func (ch Channel) row() []string {
	return []string{
		ch.Zone, ch.Number, ch.Function, ch.Name, ch.Assignment,
		ch.frequency(ch.RXFreq), orNone(ch.RXTone), ch.frequency(ch.TXFreq), orNone(ch.TXTone), ch.Mode.String(), ch.remarks(),
	}
}

// frequency: a channel that is on no frequency is named by its identifier, so
// that nobody looks for it on a radio.
func (ch Channel) frequency(given string) string {
	if given != "" {
		return given
	}
	return strings.TrimSuffix("n/a (Crossband "+ch.ID, " ") + ")"
}

func orNone(s string) string {
	if s == "" {
		return "n/a"
	}
	return s
}

// remarks begins with what decides whether a word may be said there.
func (ch Channel) remarks() string {
	var parts []string
	if ch.Encryption != "" {
		parts = append(parts, "Encryption: "+ch.Encryption)
	}
	if len(ch.Agencies) > 0 {
		parts = append(parts, "Agencies: "+strings.Join(ch.Agencies, ", "))
	}
	if ch.Remarks != "" {
		parts = append(parts, ch.Remarks)
	}
	return strings.Join(parts, "\n")
}
