package report

import (
	"fmt"
	"slices"
	"strings"

	"crossband/client/phrase"
	"crossband/crypto/record"
	"crossband/proto"
)

// Standing says what is known of whether a record is what was recorded.
type Standing struct {
	Verified []Signed         // the logs, if bundles were given; nil: nobody's signature was judged
	Faults   []record.Finding // what somebody must have changed, or signed wrongly
	Lacking  []record.Finding // what is missing, or not signed yet
	More     int              // findings beyond those
}

// Signed says who vouches for how much of a log.
type Signed struct {
	Log        record.Origin
	Entries    uint64
	Signed     uint64 // of them, from the first on
	Sequencers []proto.Name
	Cosigned   []record.Cosigned
}

// Judged takes over what record.Verify found.
func Judged(r *record.Report) Standing {
	s := Standing{Verified: []Signed{}, More: r.More}
	for _, l := range r.Logs {
		s.Verified = append(s.Verified, Signed{l.Origin, l.Entries, l.Signed, l.Sequencers, l.Cosigned})
	}
	for _, f := range r.Findings {
		if f.Fault.Tampering() {
			s.Faults = append(s.Faults, f)
		} else {
			s.Lacking = append(s.Lacking, f)
		}
	}
	return s
}

// Tampered reports whether something was changed, or signed wrongly.
func (s Standing) Tampered() bool { return len(s.Faults) > 0 }

// Word returns how the record stands, for programs.
func (s Standing) Word() string {
	switch {
	case s.Tampered():
		return "tampered-with"
	case s.Verified == nil || slices.ContainsFunc(s.Verified, func(v Signed) bool { return v.Signed == 0 }):
		return "not-verified"
	case len(s.Lacking) > 0 || s.More > 0:
		return "intact-not-complete"
	}
	return "verified"
}

// maxNamed is how many findings a report names: they stand on every page.
const maxNamed = 2

// Warning returns what stands at the top and the foot of every page if the record
// was changed, else "".
func (s Standing) Warning(l phrase.Language) string {
	if !s.Tampered() {
		return ""
	}
	return words{"TAMPERED WITH: ", "ALTERADO: ", "ALTÉRÉ : "}.in(l) + named(s.Faults, s.More, l)
}

// Note returns what stands at the foot of every page: whether the record was
// verified, and who vouches for how much of it.
func (s Standing) Note(l phrase.Language) string {
	if s.Verified == nil {
		return words{
			"NOT VERIFIED: crossband incident verify proves it",
			"SIN VERIFICAR: crossband incident verify lo comprueba",
			"NON VÉRIFIÉ : crossband incident verify le prouve",
		}.in(l)
	}
	var lines []string
	for _, v := range s.Verified {
		lines = append(lines, v.line(l, s.Tampered()))
	}
	if len(s.Lacking) > 0 {
		lines = append(lines, words{"NOT COMPLETE: ", "INCOMPLETO: ", "INCOMPLET : "}.in(l)+named(s.Lacking, 0, l))
	}
	note := strings.Join(lines, "\n")
	if len(note) > maxNote {
		note = strings.ToValidUTF8(note[:maxNote], "") + "…"
	}
	return note
}

// maxNote is how much of a note is kept, in octets: a page holds the report, too.
const maxNote = 900

// line says of one log who signed it, as far as which entry. Of one that was
// changed it does not say that it is verified.
func (v Signed) line(l phrase.Language, tampered bool) string {
	if v.Signed == 0 {
		return fmt.Sprintf(words{
			"NOT VERIFIED: log of %s, %d entries: no bundle given here proves who signed it",
			"SIN VERIFICAR: registro de %s, %d entradas: ningún paquete presentado prueba quién lo firmó",
			"NON VÉRIFIÉ : journal de %s, %d entrées : aucun lot fourni ne prouve qui l'a signé",
		}.in(l), v.Log.Agency, v.Entries)
	}
	verified := words{"VERIFIED: ", "VERIFICADO: ", "VÉRIFIÉ : "}.in(l)
	if tampered {
		verified = ""
	}
	parts := []string{verified + fmt.Sprintf(words{
		"log of %s, %d entries: signed by %s as far as entry %d",
		"registro de %s, %d entradas: firmado por %s hasta la entrada %d",
		"journal de %s, %d entrées : signé par %s jusqu'à l'entrée %d",
	}.in(l), v.Log.Agency, v.Entries, signers(v.Sequencers, l), int64(v.Signed)-1)}
	for _, c := range v.Cosigned {
		parts = append(parts, fmt.Sprintf(words{
			"cosigned by %s (%s) as far as entry %d", "cofirmado por %s (%s) hasta la entrada %d", "cosigné par %s (%s) jusqu'à l'entrée %d",
		}.in(l), c.Agency, shown(c.By), int64(c.Size)-1))
	}
	return strings.Join(parts, "; ")
}

func signers(names []proto.Name, l phrase.Language) string {
	if len(names) == 0 {
		return words{"nobody", "nadie", "personne"}.in(l)
	}
	list := make([]string, 0, len(names))
	for _, n := range names {
		list = append(list, shown(n))
	}
	return strings.Join(list, ", ")
}

// named lists the first findings in English, as `incident verify` prints them.
func named(findings []record.Finding, more int, l phrase.Language) string {
	var list []string
	for _, f := range findings[:min(len(findings), maxNamed)] {
		s := legible(f.String())
		if r := []rune(s); len(r) > 160 {
			s = string(r[:160]) + "…"
		}
		list = append(list, s)
	}
	if more += len(findings) - len(list); more > 0 {
		list = append(list, fmt.Sprintf(words{"and %d more", "y %d más", "et %d de plus"}.in(l), more))
	}
	return strings.Join(list, "; ")
}
