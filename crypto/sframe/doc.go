// Package sframe seals and opens voice frames as RFC 9605 (SFrame) says, keyed
// from an MLS group as its section 5.2 says.
//
// A Sender seals what one member says in one epoch. A Receiver opens what all
// members say: it keeps the base key of the current epoch and, for
// PastEpochLife, those of the epochs before it, and refuses replays.
//
// What the package leaves to its callers:
//   - the base keys: MLS-Exporter("SFrame 1.0 Base Key", "", Nk) of each epoch,
//     see BaseKeyLabel and Suite.BaseKeyLen. Package mls is not imported here;
//   - the context of a Sender. Two Senders that ever share base key, leaf and
//     context would use one nonce twice, which breaks AES-GCM altogether; so a
//     device that restarts within an epoch takes a new, greater context, kept
//     on disk ahead of use, or commits to a new epoch first;
//   - who talks. All members know the base key, so any of them can seal in the
//     name of another's leaf: Opened.Leaf says whose key opened the frame, the
//     signature over the burst (client/voice) says who spoke;
//   - the clock, which is passed in, and locking: a Sender or a Receiver
//     belongs to one goroutine.
//
// Memory is bounded by MaxEpochs and MaxKeys whatever arrives, and only frames
// whose tag is good create or change state. When keys are dropped, the octets
// held here are zeroed; the key schedules inside the standard library's ciphers
// are left to the garbage collector, which Go gives no means to hurry.
package sframe
