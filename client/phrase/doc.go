// Package phrase is the phrasebook of hails: what a hail says travels as a
// numbered code with typed slots (place, bearing, plate, ...) and optional
// free text, and every reader gets it as a sentence in plain English, Mexican
// Spanish or Canadian French.
//
// A Content is composed from a code and slots, encoded with AppendTo, decoded
// with ParseContent and read with Sentence. Validate holds a sender to the
// phrasebook; ParseContent asks only for well-formed octets, so that codes and
// slots of a newer phrasebook are kept and shown neutrally instead of being
// dropped. A phrase asks for a slot only if its sentence says nothing without
// it: a call for help never waits for a place.
//
// Quantities travel in the unit that the sender used and are shown as given and
// converted for the reader's country. Codes never change their meaning:
// testdata/codes.txt pins them. The sentences are in testdata/phrases.txt; no
// native speaker has reviewed the Spanish and the French ones.
//
// Texts of a peer are hostile until shown. Control characters, bidirectional
// controls and invisible characters are refused at both ends and made visible
// where a sentence is built; words of a person always stand in quotation
// marks, words of the phrasebook never do. Texts are not normalised (neither
// NFC nor NFD is asked for): they are for reading, not for comparing, and the
// record must keep what was typed.
//
// The package is pure: no clock, network, file, goroutine or lock. Who may
// hail whom, reply states and timers are elsewhere.
package phrase
