package sframe

import "errors"

// Why a frame was refused, one error for each cause so that callers can count
// them apart. A refused frame changes nothing in the Receiver.
var (
	ErrHeader     = errors.New("sframe: malformed header")
	ErrTooLong    = errors.New("sframe: frame too long")
	ErrTooShort   = errors.New("sframe: frame shorter than its tag")
	ErrUnknownKey = errors.New("sframe: no key for this epoch")
	ErrTag        = errors.New("sframe: tag does not match: forged or damaged")
	ErrReplay     = errors.New("sframe: frame was opened before")
	ErrOld        = errors.New("sframe: genuine, but too old to tell from a replay")
	ErrFull       = errors.New("sframe: no room for another sender's key")
)

// Why something was refused to this side's caller.
var (
	ErrSuite     = errors.New("sframe: cipher suite not acceptable")
	ErrBaseKey   = errors.New("sframe: base key has the wrong length")
	ErrEpoch     = errors.New("sframe: epoch is not newer than the last one added")
	ErrExhausted = errors.New("sframe: no counter left under this key")
	ErrLayout    = errors.New("sframe: leaf, context or layout out of range")
	ErrClosed    = errors.New("sframe: keys were wiped")
)
