package charter

import (
	"crypto/sha256"
	"runtime"
	"sync"
)

// fewest is below how many judgements sharing them costs more than it saves.
const fewest = 4

// Spread calls judge with each number below n, on as many goroutines as the program
// has processors, and returns when all of them have ended. The error is that of the
// lowest number that failed; numbers above it may be left out. A panic of judge goes
// on in the caller.
func (Judge) Spread(n int, judge func(i int) error) error {
	hands := min(runtime.GOMAXPROCS(0), n)
	if n < fewest || hands < 2 {
		hands = 1
	}
	s := spread{n: n, failed: n}
	if hands == 1 {
		s.work(judge)
		return s.end()
	}
	var wg sync.WaitGroup
	for range hands {
		wg.Go(func() { s.work(judge) })
	}
	wg.Wait()
	return s.end()
}

// spread is judgements that several goroutines share.
type spread struct {
	mu     sync.Mutex // held between two judgements
	next   int        // the lowest number that nobody has taken
	n      int
	failed int // the lowest number that failed, n for none
	err    error
	panics any
}

// take gives out the next number. Below the one that failed all have been given out.
func (s *spread) take() (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= s.n || s.next > s.failed || s.panics != nil {
		return 0, false
	}
	s.next++
	return s.next - 1, true
}

func (s *spread) work(judge func(int) error) {
	defer func() {
		if p := recover(); p != nil {
			s.mu.Lock()
			s.panics = p
			s.mu.Unlock()
		}
	}()
	for i, ok := s.take(); ok; i, ok = s.take() {
		if err := judge(i); err != nil {
			s.mu.Lock()
			if i < s.failed {
				s.failed, s.err = i, err
			}
			s.mu.Unlock()
		}
	}
}

func (s *spread) end() error {
	if s.panics != nil {
		panic(s.panics)
	}
	return s.err
}

// Once runs verify unless it has succeeded for the same digest before: see
// identity.TrustStore.
func (j Judge) Once(digest [sha256.Size]byte, verify func() error) error {
	return j.Trust.Once(digest, verify)
}
