// Package sound is the microphone and the loudspeaker of an endpoint that has no
// browser: PulseAudio, or PipeWire in its place, spoken to in pure Go.
//
// A Server is a connection to it. A Recording is one press of push-to-talk: raw PCM
// for voice.NewStreamSource. A Speaker is a client.Sink that mixes the channels.
// Measure and Judge say how loud voice is and what is wrong with it; they and the mix
// are pure.
//
// Where there is no sound server, Dial says so with ErrNoServer. Voice can then be
// said from files, and heard into them, by the commands talk and listen.
package sound
