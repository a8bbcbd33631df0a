package message

import "errors"

// Rules that a message can break before anything about the group is known.
var (
	ErrVersion         = errors.New("mls: message version is not mls10")
	ErrWireFormat      = errors.New("mls: unknown wire format")
	ErrNotThisKind     = errors.New("mls: message is of another kind than asked for")
	ErrUnknownProposal = errors.New("mls: unknown proposal type")
	ErrUnknownSender   = errors.New("mls: unknown sender type")
	ErrUnknownContent  = errors.New("mls: unknown content type")
)
