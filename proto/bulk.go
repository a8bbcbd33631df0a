package proto

import "crossband/proto/wire"

// CapabilityBulk is offered by who takes, and makes, bulk links.
const CapabilityBulk = "bulk"

// Capabilities are what this build offers in a greeting.
func Capabilities() []string { return []string{CapabilityBulk} }

// IsBulk reports whether a kind may go over a bulk link: requests for what is large
// and not urgent, and their answers. Nothing that changes anything is, nor anything
// that somebody waits for with a finger on a button.
func IsBulk(k Kind) bool {
	switch k {
	case KindRefused,
		KindFetchLog, KindEntries,
		KindFetchGroupInfo, KindGroupInfo,
		KindFetchSealed, KindSealed,
		KindFetchVoice, KindKeptVoice,
		KindFetchRecord, KindRecordPage:
		return true
	}
	return false
}

// IsLarge reports whether the answer to a request may be larger than what is asked for
// over a live link: between two that have bulk links it goes over one.
func IsLarge(f *wire.Frame) bool {
	switch b := f.Body.(type) {
	case *wire.Frame_FetchLog:
		return b.FetchLog.Most == 0 || b.FetchLog.Most > MaxLive
	case *wire.Frame_FetchGroupInfo:
		return b.FetchGroupInfo.Most == 0 || b.FetchGroupInfo.Most > MaxLive
	case *wire.Frame_FetchSealed:
		return len(b.FetchSealed.Ids) > MaxLiveSealed
	case *wire.Frame_FetchVoice, *wire.Frame_FetchRecord:
		return true
	}
	return false
}
