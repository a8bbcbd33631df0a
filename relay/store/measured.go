package store

// Measured is a Store that can tell how much it holds.
type Measured interface {
	// Use returns the octets in use and how many there may be, 0 for no bound.
	// It is quick and may be called at any time, by any goroutine.
	Use() (used, most int64)
}
