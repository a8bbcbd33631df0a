package federation

import (
	"context"
	"encoding/binary"
	"net"
	"time"

	"crossband/cmd/crossband/internal/bench"
	"crossband/cmd/crossband/internal/bench/border"
)

// Of the proxy's own cost.
const (
	proxyPackets = 300
	proxyPace    = 2 * time.Millisecond
)

// proxyCost is how much longer a packet is under way for passing a border's proxy, by
// the medians of packets that go directly and through one, in turn.
func proxyCost(ctx context.Context) (time.Duration, error) {
	sink, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	defer sink.Close()
	to := sink.LocalAddr().(*net.UDPAddr)
	x, err := border.Open(to, border.Conditions{}, 0)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { // ends with ctx
		defer close(ended)
		x.Run(ctx)
	}()
	defer func() { cancel(); <-ended }()
	var times [2][]time.Duration
	var ways [2]*net.UDPConn
	for i, addr := range []*net.UDPAddr{to, x.Addr()} {
		if ways[i], err = net.DialUDP("udp", nil, addr); err != nil {
			return 0, err
		}
		defer ways[i].Close()
	}
	begun, buf := time.Now(), make([]byte, frameSize)
	for n := range proxyPackets {
		if err := bench.Sleep(ctx, proxyPace); err != nil {
			return 0, err
		}
		binary.BigEndian.PutUint64(buf, uint64(time.Since(begun)))
		if _, err := ways[n%2].Write(buf); err != nil {
			return 0, err
		}
		sink.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := sink.Read(buf); err != nil {
			return 0, err
		}
		times[n%2] = append(times[n%2], time.Since(begun)-time.Duration(binary.BigEndian.Uint64(buf)))
	}
	return max(bench.Quantile(times[1], 0.5)-bench.Quantile(times[0], 0.5), 0), nil
}
