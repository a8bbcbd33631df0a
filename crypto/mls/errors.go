package mls

import "errors"

// The rules that only those who hold the group's secrets can check. Others are
// in the packages syntax, suite, tree, message and roster.
var (
	ErrMembershipTag   = errors.New("mls: membership tag does not verify")
	ErrConfirmationTag = errors.New("mls: confirmation tag does not verify")
	ErrOwnMessage      = errors.New("mls: message is our own")
	ErrRemoved         = errors.New("mls: we are no longer a member")
	ErrReplay          = errors.New("mls: message key was used already or is too old")
	ErrRolledBack      = errors.New("mls: a message of our own from after this state was saved: the state is an old copy")
	ErrTooFarAhead     = errors.New("mls: message generation is too far ahead")
	ErrExhausted       = errors.New("mls: sending key is exhausted in this epoch")
	ErrNoEpochKeys     = errors.New("mls: keys of the message's epoch are gone")
	ErrPadding         = errors.New("mls: padding is not zero")
	ErrContentType     = errors.New("mls: content is of another type than the message says")
	ErrUnknownPSK      = errors.New("mls: pre-shared key is not known")
	ErrNotForUs        = errors.New("mls: welcome is not for any of our key packages")
	ErrOwnLeaf         = errors.New("mls: our leaf is not in the tree as we made it")
	ErrPathSecret      = errors.New("mls: path secret does not match the tree's public keys")
	ErrNoPathKey       = errors.New("mls: update path is not sealed to any key of ours")
	ErrStale           = errors.New("mls: pending commit was made in another epoch")
	ErrState           = errors.New("mls: saved group state is damaged")
	ErrSignerKey       = errors.New("mls: signer is not the one of our leaf")
	ErrWelcome         = errors.New("mls: welcome is not valid")
)
