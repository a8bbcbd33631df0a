// Package patch joins channels at a desk: what is said on one of them is said again,
// by the desk, on the others.
//
// The desk is a member of each, so that it opens what comes and seals it anew; nothing
// else ever holds both keys. Nobody is joined unawares: a Patch begins only when a text
// on each channel has said which others hear it, by whom, and until when at most. Nor
// does it bring an agency's voice to an agency that is no party where it was said, but
// for that of the desk's own units (Carries).
//
// What is said again keeps the number of its burst. That is its provenance, in the
// record of both channels, and it is what ends loops: no patch carries a burst whose
// number it has met, on whichever of its channels.
package patch
