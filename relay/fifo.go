package relay

// fifo is a queue in one slice. What has been taken out is not held on to, and the
// slice is moved together when half of it is empty. Its zero value is empty.
type fifo[T any] struct {
	items []T
	begin int // of what is left
}

func (q *fifo[T]) len() int { return len(q.items) - q.begin }

// list returns what is there, oldest first, good until the next change.
func (q *fifo[T]) list() []T { return q.items[q.begin:] }

func (q *fifo[T]) push(v T) { q.items = append(q.items, v) }

func (q *fifo[T]) front() (v T, ok bool) {
	if q.len() == 0 {
		return v, false
	}
	return q.items[q.begin], true
}

func (q *fifo[T]) pop() (v T, ok bool) {
	if v, ok = q.front(); !ok {
		return v, false
	}
	var none T
	q.items[q.begin] = none
	q.begin++
	if q.begin*2 >= len(q.items) {
		n := copy(q.items, q.items[q.begin:])
		clear(q.items[n:])
		q.items, q.begin = q.items[:n], 0
	}
	return v, true
}
