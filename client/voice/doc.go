// Package voice turns speech into frames and frames into speech.
//
// On the talking side a Source gives a payload every 20 ms (from an Ogg Opus
// file as it is, or from PCM through an Encoder), a Talker numbers them into a
// burst of Frames, and a BurstSigner signs what was sealed. On the listening
// side a Player orders and times the Frames of one channel (Jitter), decodes
// them, hides losses, and gives 20 ms of PCM on every tick; a BurstVerifier
// says whose words they were. Sealing and opening lie between the two, in
// package crypto/sframe:
//
//	Source -> Talker -> Frame.AppendTo -> sframe.Sender -> network
//	network -> sframe.Receiver -> ParseFrame -> Player -> PCM
//
// PCM is mono, 16 bit, 48,000 samples a second, in pieces of FrameSamples.
//
// The package is pure: it opens no device, file or socket, starts nothing,
// reads no clock (every method that needs the time takes it) and locks
// nothing: each value belongs to one goroutine.
//
// Built plainly it decodes Opus (github.com/pion/opus) and encodes G.711; with
// the build tags libopus and nolibopusfile, which need cgo and libopus, it
// encodes Opus too and uses libopus's own repair of losses. The codec is named
// in each frame, so both builds understand each other.
package voice
