package record

// windowLen is how many of the newest entries a log remembers by their hashes:
// to know an entry that comes twice, and a checkpoint that entries overtook.
const windowLen = 256

// window remembers the hashes of a log's newest entries, from base on.
type window struct {
	base   Tree     // as it was before the oldest of them
	before Digest   // hash of the entry before the oldest
	leaves []Digest // hashes of the entries from there on
}

func newWindow(c *chain) window { return window{base: c.tree.clone(), before: c.last} }

func (w *window) add(e *Entry) {
	if len(w.leaves) == windowLen {
		w.forget(windowLen / 2)
	}
	w.leaves = append(w.leaves, e.Hash())
}

// forget drops the n oldest entries.
func (w *window) forget(n int) {
	for _, l := range w.leaves[:n] {
		w.base.Append(l)
	}
	w.before = w.leaves[n-1]
	w.leaves = append([]Digest(nil), w.leaves[n:]...)
}

// hashOf returns the hash of an entry within the window.
func (w *window) hashOf(index uint64) (Digest, bool) {
	if index < w.base.size || index >= w.base.size+uint64(len(w.leaves)) {
		return Digest{}, false
	}
	return w.leaves[index-w.base.size], true
}

// headAt returns the log's head when it had size entries.
func (w *window) headAt(size uint64) (head, bool) {
	if size < w.base.size || size == 0 || size > w.base.size+uint64(len(w.leaves)) {
		return head{}, false
	}
	t, last := w.base.clone(), w.before
	for _, last = range w.leaves[:size-w.base.size] {
		t.Append(last)
	}
	return head{size, t.Root(), last}, true
}
