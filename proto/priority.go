package proto

// Priority orders requests for the floor and hails. A higher one pre-empts the
// floor of a lower one from PriorityImminentPeril upwards; below that it only
// goes first in the queue (3GPP TS 22.179 ).
type Priority uint8

// The classes, lowest first. Zero is no priority.
const (
	PriorityRoutine       Priority = 1
	PriorityUrgent        Priority = 2
	PrioritySupervisor    Priority = 3
	PriorityImminentPeril Priority = 4
	PriorityEmergency     Priority = 5
)

// Valid reports whether p is one of the classes.
func (p Priority) Valid() bool { return p >= PriorityRoutine && p <= PriorityEmergency }

// Preempts reports whether a request of class p takes the floor from a holder
// of class q.
func (p Priority) Preempts(q Priority) bool { return p > q && p >= PriorityImminentPeril }

// String returns the class as shown on screens.
func (p Priority) String() string {
	switch p {
	case PriorityRoutine:
		return "routine"
	case PriorityUrgent:
		return "urgent"
	case PrioritySupervisor:
		return "supervisor"
	case PriorityImminentPeril:
		return "imminent peril"
	case PriorityEmergency:
		return "emergency"
	}
	return "none"
}

// ParsePriority reads a class as the command line writes it.
func ParsePriority(s string) (Priority, error) {
	switch s {
	case "routine":
		return PriorityRoutine, nil
	case "urgent":
		return PriorityUrgent, nil
	case "supervisor":
		return PrioritySupervisor, nil
	case "peril", "imminent-peril", "imminent peril":
		return PriorityImminentPeril, nil
	case "emergency":
		return PriorityEmergency, nil
	}
	return 0, Refuse(ReasonMalformed, "priority "+s+": want routine, urgent, supervisor, peril or emergency")
}
