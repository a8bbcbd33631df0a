package roster

import "errors"

// The rules that a message can break against the state of a group.
var (
	ErrNoVerifier        = errors.New("mls: no verifier was given")
	ErrGroupID           = errors.New("mls: message is for another group")
	ErrPastEpoch         = errors.New("mls: message is from a past epoch (another commit was first)")
	ErrFutureEpoch       = errors.New("mls: message is from an epoch not reached yet")
	ErrSender            = errors.New("mls: sender may not send this")
	ErrPrivate           = errors.New("mls: handshake is encrypted; the roster cannot follow it")
	ErrApplication       = errors.New("mls: application data in a PublicMessage")
	ErrNotCommit         = errors.New("mls: message is not a commit")
	ErrNotProposal       = errors.New("mls: message is not a proposal")
	ErrUnknownRef        = errors.New("mls: commit refers to a proposal that is not known")
	ErrProposalList      = errors.New("mls: proposal list is not valid")
	ErrProposal          = errors.New("mls: proposal is not valid")
	ErrPathMissing       = errors.New("mls: commit needs an update path and has none")
	ErrTooManyProposals  = errors.New("mls: too many proposals are waiting in this epoch")
	ErrClosed            = errors.New("mls: group is closed by a ReInit")
	ErrNoTree            = errors.New("mls: group information carries no ratchet tree")
	ErrTreeHash          = errors.New("mls: ratchet tree does not match the group context's tree hash")
	ErrGroupInfoMismatch = errors.New("mls: group information does not match this state")
	ErrState             = errors.New("mls: saved group state is damaged")
	ErrRefused           = errors.New("mls: member or change refused by policy")
)
