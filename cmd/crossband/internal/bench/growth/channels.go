package growth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
	"crossband/relay/hub"
)

// Sizes say how far an axis that is measured here goes.
type Sizes struct {
	List []int
	Say  func(format string, args ...any)
}

// check refuses sizes at which there is nothing to measure, and none.
func (s Sizes) check(least int) error {
	if len(s.List) == 0 {
		return errors.New("no sizes are named")
	}
	for _, n := range s.List {
		if n < least {
			return fmt.Errorf("size %d: %d is the least", n, least)
		}
	}
	return nil
}

// ChannelsRow is what a hub with so many channels costs.
type ChannelsRow struct {
	Channels   int     `json:"channels"`
	KBEach     float64 `json:"kb_per_channel"` // of heap, with a group of one member
	TickUS     float64 `json:"tick_us"`
	TextUS     float64 `json:"text_us"`     // to order a text that one endpoint hears
	LinkUS     float64 `json:"link_us"`     // to tell a new endpoint everything
	LinkFrames int     `json:"link_frames"` // that it is told
}

// Channels measures a hub whose channels become more.
func Channels(s Sizes) Axis {
	return Axis{
		Name: "channels", Title: "Channels of one relay",
		How: fmt.Sprintf("A relay's hub in this process, without sockets and disk; every channel has a signed charter and a group of one member. "+
			"A tick comes ten times a second. Times are the median of many. A relay holds at most %d channels.", proto.MaxChannels),
		Columns: []Column{{"channels", "channels", 0}, {"kb_per_channel", "kB each", 1}, {"tick_us", "tick µs", 1}, {"text_us", "text µs", 1}, {"link_us", "new endpoint µs", 0}, {"link_frames", "frames to a new endpoint", 0}},
		Charts: []Chart{
			{Name: "events", Title: "What an event costs the hub", X: "channels", Y: []string{"tick_us", "text_us", "link_us"}, YHeading: "µs", LogY: true},
			{Name: "memory", Title: "Memory of a channel", X: "channels", Y: []string{"kb_per_channel"}, YHeading: "kB"},
		},
		Measure: func(ctx context.Context) ([]Point, error) {
			rows, err := channels(ctx, s)
			if err != nil {
				return nil, err
			}
			return points(rows)
		},
	}
}

// founded founds an agency in a temporary folder.
func founded() (a *rig.Agency, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "crossband-bench-growth-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	if a, err = rig.Found(filepath.Join(dir, "a1"), agencyName(1), nowhere(), nowhere(), time.Now()); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return a, remove, nil
}

func agencyName(n int) proto.Agency { return proto.Agency(fmt.Sprintf("a%d.example", n)) }

// nowhere is an address at which nobody listens: nothing of this package has a socket.
func nowhere() *net.UDPAddr { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9} }

func channels(ctx context.Context, sizes Sizes) (rows []ChannelsRow, err error) {
	if err := sizes.check(1); err != nil {
		return nil, err
	}
	a, remove, err := founded()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	s, err := newStation(a, time.Now())
	if err != nil {
		return nil, err
	}
	var first *channel
	bare, n := heap(), 0
	for _, size := range sizes.List {
		for ; n < size; n++ {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			s.later(time.Second) // within the quotas
			c, err := s.charter(fmt.Sprintf("Channel %d", n+1))
			if err != nil {
				return nil, err
			}
			if first == nil {
				if first = c; s.subscribe(s.from, c) != nil {
					return nil, errNothing
				}
			}
		}
		row := ChannelsRow{Channels: n, KBEach: float64(heap()-bare) / 1024 / float64(n)}
		if err := s.measure(&row, first); err != nil {
			return nil, err
		}
		rows = append(rows, row)
		sizes.Say("%d channels: a text takes %.0f µs", n, row.TextUS)
	}
	runtime.KeepAlive(s)
	return rows, nil
}

// heap is what is in use, after everything else has been freed.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // finalizers of the first have run
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// How often each event is repeated.
const (
	manyTicks = 300
	manyTexts = 300
	manyLinks = 20
)

func (s *station) measure(row *ChannelsRow, c *channel) (err error) {
	ticks := make([]time.Duration, manyTicks)
	for i := range ticks {
		s.later(hub.TickEvery)
		begun := time.Now()
		s.apply(hub.Tick{})
		ticks[i] = time.Since(begun)
	}
	row.TickUS = us(median(ticks))
	if row.TextUS, err = s.textUS(c); err != nil {
		return err
	}
	var told handed
	links := make([]time.Duration, manyLinks)
	for i := range links {
		if told, err = s.handOver(s.newcomer()); err != nil {
			return err
		}
		links[i] = told.spent
	}
	row.LinkUS, row.LinkFrames = us(median(links)), told.frames
	return nil
}

// median is what a busy machine disturbs least.
func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// textUS is the median time to order a text.
func (s *station) textUS(c *channel) (float64, error) {
	spent := make([]time.Duration, manyTexts)
	for i := range spent {
		s.later(time.Second) // within the quotas
		in := s.text(c, usualText)
		begun := time.Now()
		effects := s.apply(in)
		spent[i] = time.Since(begun)
		if err := refusal(effects); err != nil {
			return 0, fmt.Errorf("a text: %w", err)
		}
		if copies(effects) == 0 {
			return 0, errNothing
		}
	}
	return us(median(spent)), nil
}

// usualText is the octets of a short text's sealed part.
const usualText = 400

// copies counts the links that are sent the log's news.
func copies(effects []hub.Effect) (n int) {
	for _, e := range effects {
		if s, ok := e.(hub.Send); ok && s.Frame.GetEntries() != nil {
			n++
		}
	}
	return n
}

// handed is what a new link is told.
type handed struct {
	frames, octets int
	spent          time.Duration // of the hub
}

// quietTicks without a frame end what a new link is told.
const quietTicks = 20

// handOver has somebody come, waits until the hub has told everything, and lets the
// link go.
func (s *station) handOver(peer proto.Name) (h handed, err error) {
	s.later(time.Minute)
	begun := time.Now()
	link, effects := s.link(peer)
	h.spent = time.Since(begun)
	h.count(link, effects)
	for quiet := 0; quiet < quietTicks; quiet++ {
		before := h.frames
		s.later(hub.TickEvery)
		begun := time.Now()
		effects := s.apply(hub.Tick{})
		if h.count(link, effects); h.frames > before {
			h.spent += time.Since(begun)
			quiet = 0
		}
	}
	s.apply(hub.LinkDown{Link: link})
	if h.frames == 0 {
		return h, errNothing
	}
	return h, nil
}

func (h *handed) count(link hub.LinkID, effects []hub.Effect) {
	for _, e := range effects {
		if s, ok := e.(hub.Send); ok && s.Link == link {
			h.frames++
			h.octets += pb.Size(s.Frame)
		}
	}
}
