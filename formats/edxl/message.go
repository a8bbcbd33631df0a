package edxl

import (
	"errors"
	"time"
)

// ErrMessage is wrapped by every error about a message that the standard, or
// a limit of this package, does not allow. Nothing is written then.
var ErrMessage = errors.New("not a valid EDXL-RM message")

// Limits. The standard sets none.
const (
	MaxID       = 256     // octets of a message's, item's or incident's identifier
	MaxText     = 16384   // octets of any other text
	MaxContacts = 64      // of one message
	MaxItems    = 256     // of one message
	MaxSchedule = 32      // of one item
	MaxMessage  = 4 << 20 // octets of one message
)

// MessageID names a message. It must be unique among all messages that the
// receiver may get.
type MessageID string

// ItemID names one item (the standard's ResourceInformation) within its
// message; answers point to it.
type ItemID string

// Kind returns a message's name in the standard, such as "RequestResource".
func Kind(m Message) string { return string(m.kind()) }

// Message is a Request, Response, Commitment or Release.
type Message interface {
	header() *Header
	kind() kind
	items() []item
}

// Header is what every message says of itself.
type Header struct {
	ID          MessageID
	Sent        time.Time // hundredths of a second and the offset are kept; offsets that are not whole minutes become UTC
	Exercise    bool      // ExerciseMark stands before the description, and before that of each incident
	Description string    // optional
	Originating MessageID // first message of the exchange: ID itself if this is the first
	Preceding   MessageID // message that this one follows: none in a Request, at will in a Release
	Incident    Incident  // optional
	Recall      Recall    // optional
	Contacts    []Contact // at least one
}

// ExerciseMark opens the texts of an exercise's message. Other messages must
// not begin a text with it.
const ExerciseMark = "EXERCISE EXERCISE EXERCISE"

// Incident says which incident a message is about. Both empty: not said.
type Incident struct {
	ID          string
	Description string
}

// Recall replaces or cancels a message sent before. Empty: it does neither.
type Recall struct {
	Message MessageID
	Type    RecallType
}

// RecallType says what becomes of the recalled message.
type RecallType string

// The standard's recall types.
const (
	RecallUpdate RecallType = "Update"
	RecallCancel RecallType = "Cancel"
)

// Role is a contact's part in the exchange.
type Role string

// The standard's contact roles.
const (
	RoleSender        Role = "Sender"
	RoleRequester     Role = "Requester"
	RoleExpert        Role = "SubjectMatterExpert"
	RoleApprover      Role = "Approver"
	RoleRespondingOrg Role = "RespondingOrg"
	RoleOwner         Role = "Owner"
)

// Contact is somebody to talk to: a description, a role, or both.
type Contact struct {
	Description string
	Role        Role
	Radio       Radio  // optional
	Place       string // optional: where, in words
}

// Radio is where a contact is heard. Empty: not said.
type Radio struct {
	Type    Term // what sort of system
	Channel string
}

// Term is a value of a managed list. Empty: not said.
type Term struct {
	List  string // URI of the list
	Value string
}

// Resource is what is asked for or given: at least one of ID, Name and Type.
type Resource struct {
	ID          string
	Name        string
	Type        Term
	Description string
	Owner       string // the organisation it belongs to; not in a Request
}

// Item is one resource asked for or given.
type Item struct {
	ID       ItemID
	Resource Resource
	Quantity string // in words, as "2 units"
	Function string // what it is wanted for
	Schedule []Schedule
}

// Schedule is a time, a place or both. Which types a kind of message may hold
// is in schedules.
type Schedule struct {
	Type  ScheduleType
	At    time.Time // zero: not said. As Header.Sent
	Place string    // optional: where, in words
}

// ScheduleType says what a time or a place means.
type ScheduleType string

// The standard's schedule types.
const (
	RequestedArrival         ScheduleType = "RequestedArrival"
	EstimatedArrival         ScheduleType = "EstimatedArrival"
	ActualArrival            ScheduleType = "ActualArrival"
	RequestedDeparture       ScheduleType = "RequestedDeparture"
	EstimatedDeparture       ScheduleType = "EstimatedDeparture"
	ActualDeparture          ScheduleType = "ActualDeparture"
	RequestedReturnArrival   ScheduleType = "RequestedReturnArrival"
	EstimatedReturnArrival   ScheduleType = "EstimatedReturnArrival"
	RequestedReturnDeparture ScheduleType = "RequestedReturnDeparture"
	EstimatedReturnDeparture ScheduleType = "EstimatedReturnDeparture"
	ActualReturnDeparture    ScheduleType = "ActualReturnDeparture"
	BeginAvailable           ScheduleType = "BeginAvailable"
	EndAvailable             ScheduleType = "EndAvailable"
	ScheduleCommitted        ScheduleType = "Committed"
	ScheduleCurrent          ScheduleType = "Current"
	ReportTo                 ScheduleType = "ReportTo"
	Route                    ScheduleType = "Route"
)

// Answer is how a request is answered.
type Answer string

// The standard's answers. A Provisional one needs a Reason.
const (
	Accept      Answer = "Accept"
	Decline     Answer = "Decline"
	Provisional Answer = "Provisional"
)

// Reason says why. Empty: not said.
type Reason struct {
	Code Term
	Text string
}

// Request asks for resources, or recalls an earlier Request.
type Request struct {
	Header
	Items []Item
}

// Response answers a Request: yes, no, or on a condition.
type Response struct {
	Header
	Items []Reply
}

// Reply answers one item of a Request. A Decline gives nothing: its Quantity,
// Function and Schedule are empty, and it may name no resource.
type Reply struct {
	Item
	To     ItemID // the Request's item
	Answer Answer
	Reason Reason
}

// Commitment says what is on the way.
type Commitment struct {
	Header
	Items []Committed
}

// Committed is one resource given to one item of a Request; its Quantity and
// at least one Schedule are needed.
type Committed struct {
	Item
	To ItemID // the Request's item
}

// Release lets resources go.
type Release struct {
	Header
	Items []Item
}
