package roster

// CommitVerifier may be implemented by a Verifier that also judges a commit as
// a whole: who takes whom in and out. It is asked last, with the state before
// the commit; an error refuses the commit.
type CommitVerifier interface {
	VerifyCommit(before *Group, change Change) error
}

// verifyCommit asks the verifier about d, if it wants to be asked.
func (d *Draft) verifyCommit() error {
	if v, ok := d.base.verifier.(CommitVerifier); ok {
		return v.VerifyCommit(d.base, d.Change())
	}
	return nil
}
