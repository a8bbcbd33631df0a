// Package mls is the members' side of MLS (RFC 9420): groups with their secrets.
// Only endpoints link it. What everybody may know is in the packages below it:
// syntax (codec), suite (algorithms), tree (ratchet tree), message (wire forms)
// and roster (public group state, for the hub).
//
// # How to use it
//
// An Identity is a crypto.Signer (ECDSA P-256, P-384 or Ed25519, fitting the
// suite) and a credential, tree.X509(chain...). A roster.Verifier is the
// application's judgement of certificates and charter: it is asked about every
// leaf on joining and about every leaf that comes or changes, and about every
// change of the group context extensions. Times are passed in, never read.
//
// Be invited: NewKeyPackage gives a message to publish and a secret to keep.
//
//	msg, secret, err := mls.NewKeyPackage(id, mls.KeyPackageOptions{Suite: suite.P384AES256, NotBefore: t0, NotAfter: t1})
//
// Create and add: a charter goes into Extensions as tree.ExtensionCharter and is
// required of all members from then on.
//
//	g, err := mls.Create(id, mls.CreateOptions{GroupID: gid, Suite: suite.P384AES256, Extensions: ext, Verifier: v, Now: now})
//	p, err := g.Commit(mls.CommitOptions{Add: [][]byte{msg}, Now: now})
//
// Commit and merge: a commit changes nothing when it is made. Send p.Commit and
// p.GroupInfo to the hub. When it accepts, Merge and send p.Welcome; when another
// commit was first, drop p and Process the other one.
//
//	err = g.Merge(p)
//
// Join: by a Welcome, or on our own by GroupInfo and ratchet tree from the hub; then
// the group is usable once the hub took j.Commit.
//
//	g, err := mls.JoinWelcome(p.Welcome, lookup, signer, mls.JoinOptions{Verifier: v, Now: now})
//	j, err := mls.JoinExternal(groupInfo, id, mls.ExternalOptions{JoinOptions: mls.JoinOptions{Verifier: v, Now: now, Tree: ratchetTree}, Replaces: ownFormerLeaf})
//	g := j.Accepted()
//
// Follow: Process takes the others' commits and proposals, Decrypt their
// application messages, also late ones. Both leave the group as it was if they
// fail.
//
//	done, err := g.Process(commit, now) // done.Change: who committed, who came, left, was renewed
//	msg, err := g.Encrypt(text, aad)
//	rec, err := g.Decrypt(msg)
//
// Derive and compare: Export gives keys to the application, such as SFrame's
// base key; EpochAuthenticator is equal for members in the same state.
//
// Keep: save MarshalBinary after each change, before sending what it produced;
// UnmarshalGroup loads it.
//
// # What it does not do
//
// It does not order commits (the hub does), does not remember which key packages
// were used in other groups (the directory does), and does not judge names. Keys
// are overwritten when they are used up, as far as the runtime lets us.
package mls
