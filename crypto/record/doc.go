// Package record keeps tamper-evident logs of incidents: it appends, signs
// checkpoints, cosigns them for a partner, exports, and verifies.
//
// There is one log for each incident and each agency whose relay sequences it.
// An entry is one line of canonical JSON that names the entry before it by its
// hash; all entries are the leaves of a Merkle tree, whose root a checkpoint
// signs; the relays of the other agencies follow the entries and cosign. So
// neither the sequencing agency alone nor a partner alone can change what both
// have signed, and a third person finds out without trusting either.
//
// Entries hold digests of sealed content, never content. What was said can be
// proven later by whoever holds it: see Commit and Reveal.
//
// # At the hub's relay
//
//	log := record.NewLog(record.Origin{Agency: "usbp.example", Incident: id})
//	entry, err := log.Append(now, actor, place, &record.Opened{…})
//	cp, err := log.Checkpoint(identity, now)
//
// # At a partner's relay
//
//	r := record.NewReplica(origin)
//	entry, err := r.Take(line)
//	cp, err := r.Cosign(note, chain, judge, identity, now)
//
// # Anybody
//
//	x, err := record.ReadExport(file)
//	report := record.Verify([]*record.Export{x}, bundles)
//
// The package opens no file and no socket, starts no goroutine and reads no
// clock. What it refuses is a *Refusal, and has changed nothing.
// docs/PROTOCOL.md, section 9, has the formats.
package record
