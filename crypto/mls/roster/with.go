package roster

// WithVerifier returns g with another judge for what comes next, for an
// application whose judgement depends on the moment.
func (g *Group) WithVerifier(v Verifier) *Group {
	out := *g
	out.verifier = v
	return &out
}
