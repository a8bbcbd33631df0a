package proto

import "strings"

// Act is what is done with an incident, beside the replies to its hails.
type Act uint8

// The acts. The numbers cross the wire.
const (
	ActHandOver Act = 1 // somebody else has it from now on
	ActMerge    Act = 2 // it is a duplicate of another: its ladder stops, its hails count as the other's
	ActRearm    Act = 3 // a person has the ladder begin again
	ActClose    Act = 4 // with a disposition: its ladder is quiet for good
)

// String returns the act as written in reports.
func (a Act) String() string {
	switch a {
	case ActHandOver:
		return "handed over"
	case ActMerge:
		return "merged"
	case ActRearm:
		return "re-armed"
	case ActClose:
		return "closed"
	}
	return "unknown act"
}

// Disposition says how an incident ended. Zero is none: it is open.
type Disposition uint8

// The dispositions. The numbers cross the wire.
const (
	DispositionResolved     Disposition = 1
	DispositionFalseAlarm   Disposition = 2
	DispositionDuplicate    Disposition = 3
	DispositionHandedOver   Disposition = 4 // to somebody outside Crossband
	DispositionNoAction     Disposition = 5
	DispositionUnfounded    Disposition = 6
	DispositionExerciseOver Disposition = 7 // of exercises only
)

// Valid reports whether d is one of the dispositions.
func (d Disposition) Valid() bool { return d >= DispositionResolved && d <= DispositionExerciseOver }

// String returns the disposition as the command line writes it.
func (d Disposition) String() string {
	switch d {
	case 0:
		return "open"
	case DispositionResolved:
		return "resolved"
	case DispositionFalseAlarm:
		return "false-alarm"
	case DispositionDuplicate:
		return "duplicate"
	case DispositionHandedOver:
		return "handed-over"
	case DispositionNoAction:
		return "no-action"
	case DispositionUnfounded:
		return "unfounded"
	case DispositionExerciseOver:
		return "exercise-over"
	}
	return "unknown"
}

// ParseDisposition reads what String writes, but for "open".
func ParseDisposition(s string) (Disposition, error) {
	var words []string
	for d := DispositionResolved; d.Valid(); d++ {
		if d.String() == s {
			return d, nil
		}
		words = append(words, d.String())
	}
	return 0, Refusef(ReasonMalformed, "disposition %q: want %s", clip(s), strings.Join(words, ", "))
}

// DutyAct is a change of who is on duty for a desk.
type DutyAct uint8

// The changes. The numbers cross the wire. The last two are the hub's own word.
const (
	DutyOn       DutyAct = 1 // whoever says so is on duty
	DutyOff      DutyAct = 2 // nobody is
	DutyHandOver DutyAct = 3 // another desk of the agency stands in
	DutyUnmanned DutyAct = 4 // nobody is found there
	DutyManned   DutyAct = 5 // somebody is there again
)

// ByHub reports whether only the hub says so.
func (a DutyAct) ByHub() bool { return a == DutyUnmanned || a == DutyManned }

// String returns the change as written in reports.
func (a DutyAct) String() string {
	switch a {
	case DutyOn:
		return "on duty"
	case DutyOff:
		return "off duty"
	case DutyHandOver:
		return "handed over"
	case DutyUnmanned:
		return "unmanned"
	case DutyManned:
		return "manned"
	}
	return "unknown"
}
