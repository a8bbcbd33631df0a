// Package edxl writes an incident's call for help and the answers to it as
// messages of EDXL-RM 1.0 (OASIS Emergency Data Exchange Language, Resource
// Messaging; OASIS Standard of 1 November 2008 with the errata of 22 December
// 2009), and reads back what it wrote.
//
// Of the standard's sixteen messages it knows the four that a call for help
// needs:
//
//	a call for help                RequestResource
//	the call is withdrawn          RequestResource with MessageRecall, Cancel
//	accepted, declined             ResponseToRequestResource, Accept or Decline
//	accepted on a condition        ResponseToRequestResource, Provisional
//	somebody is on the way         CommitResource, Accept
//	the help is no longer needed   ReleaseResource
//
// The standard has no message for "received, not yet answered": Provisional
// means a tentative yes and must not stand for it. Such a receipt belongs in
// the activity log.
//
// EDXL-RM cannot say that a message is an exercise; the envelope around it
// does: see WriteEnvelope. A message that loses its envelope must not call out a real unit, so an
// exercise is marked in the text that people read: see Header.Exercise.
//
// The package is pure and imports nothing of ours. It knows nothing of hails;
// whoever has one fills these structs.
package edxl
