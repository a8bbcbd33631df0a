package mls

import (
	"context"
	"math"
	"slices"
	"time"

	"crossband/crypto/mls"
	"crossband/crypto/mls/tree"
)

// times are those of one thing, in milliseconds.
type times []float64

// take measures f once.
func (t *times) take(f func() error) error {
	start := time.Now()
	err := f()
	*t = append(*t, float64(time.Since(start).Nanoseconds())/1e6)
	return err
}

// at is the value below which the share p of all lies.
func (t times) at(p float64) float64 {
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(len(sorted)-1, int(math.Ceil(p*float64(len(sorted))))-1)]
}

func (t times) median() float64 { return t.at(0.5) }

// taken are the times of one size.
type taken struct{ join, again, welcome, commit, process, add, remove, save times }

func (w *world) measure(ctx context.Context, rounds int) (Row, error) {
	r := Row{Suite: int(w.suite), Members: w.members}
	var t taken
	for range rounds {
		for _, step := range []func(*taken, *Row) error{w.joins, w.renewal, w.addAndRemove, w.save} {
			if err := ctx.Err(); err != nil {
				return r, err
			}
			if err := step(&t, &r); err != nil {
				return r, err
			}
		}
	}
	r.JoinMS, r.JoinAgainMS, r.WelcomeMS = t.join.median(), t.again.median(), t.welcome.median()
	r.CommitMS, r.ProcessMS, r.ProcessP95MS = t.commit.median(), t.process.median(), t.process.at(0.95)
	r.AddMS, r.RemoveMS, r.SaveMS = t.add.median(), t.remove.median(), t.save.median()
	r.InfoOctets, r.TreeOctets = len(w.info), len(w.tree)
	return r, nil
}

// joins makes external commits that nobody takes.
func (w *world) joins(t *taken, _ *Row) error {
	id, err := w.device()
	if err != nil {
		return err
	}
	trust, err := w.trust()
	if err != nil {
		return err
	}
	join := func() error { _, err := w.join(id, w.gate(trust)); return err }
	if err := t.join.take(join); err != nil {
		return err
	}
	return t.again.take(join)
}

// renewal is a commit that renews its maker's keys.
func (w *world) renewal(t *taken, r *Row) error {
	for range 4 { // the cheapest and most frequent commit: more of them, for the percentile
		p, err := w.commit(&t.commit, &t.process, mls.CommitOptions{Now: w.now})
		if err != nil {
			return err
		}
		r.CommitOctets = len(p.Commit)
	}
	return nil
}

// commit lets one of the two members that are kept make a commit and the other
// follow it.
func (w *world) commit(made, followed *times, o mls.CommitOptions) (*mls.Pending, error) {
	var p *mls.Pending
	err := made.take(func() (err error) {
		if p, err = w.committer.Commit(o); err != nil {
			return err
		}
		return w.committer.Merge(p)
	})
	if err != nil {
		return nil, err
	}
	w.info, w.tree = p.GroupInfo, w.committer.RatchetTree()
	return p, followed.take(func() error { _, err := w.follower.Process(p.Commit, w.now); return err })
}

// addAndRemove takes a device in, lets it join by its welcome, and takes it out.
func (w *world) addAndRemove(t *taken, r *Row) error {
	id, err := w.device()
	if err != nil {
		return err
	}
	msg, secret, err := mls.NewKeyPackage(id, mls.KeyPackageOptions{Suite: w.suite, NotBefore: w.now.Add(-time.Hour), NotAfter: w.now.Add(24 * time.Hour)})
	if err != nil {
		return err
	}
	var other times // the making of these is not told
	p, err := w.commit(&other, &t.add, mls.CommitOptions{Add: [][]byte{msg}, Now: w.now})
	if err != nil {
		return err
	}
	r.WelcomeOctets = len(p.Welcome)
	trust, err := w.trust()
	if err != nil {
		return err
	}
	err = t.welcome.take(func() error { _, err := w.joinWelcome(p.Welcome, id, secret, w.gate(trust)); return err })
	if err != nil {
		return err
	}
	_, err = w.commit(&other, &t.remove, mls.CommitOptions{Remove: []tree.LeafIndex{p.Change.Added[0].Leaf}, Now: w.now})
	return err
}

func (w *world) save(t *taken, r *Row) error {
	return t.save.take(func() error {
		b, err := w.follower.MarshalBinary()
		r.StateOctets = len(b)
		return err
	})
}
