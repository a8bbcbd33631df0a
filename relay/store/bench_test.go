package store_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crossband/relay/store"
)

// BenchmarkWrite measures durable writes of one 300-octet record each, and the
// time that 99 of 100 callers waited at most. "raw" is a file to which one
// record is appended and synced at a time: what the disk allows one writer.
func BenchmarkWrite(b *testing.B) {
	value := make([]byte, 300)
	b.Run("raw", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		inParallel(b, 1, func(uint64) error {
			if _, err := f.Write(value); err != nil {
				return err
			}
			return syncData(f)
		})
	})
	for name, impl := range implementations() {
		if !impl.durable {
			continue
		}
		for _, writers := range []int{1, 16, 256} {
			b.Run(fmt.Sprintf("%s/writers=%d", name, writers), func(b *testing.B) {
				s, err := impl.place(b)(store.Options{Limit: 8 << 30, Reserve: 1 << 20})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				inParallel(b, writers, func(i uint64) error {
					return s.Write(context.Background(), []store.Record{{Bucket: "log/bench", Key: binary.BigEndian.AppendUint64(nil, i), Value: value}})
				})
			})
		}
	}
}

// inParallel shares b.N calls among the writers.
func inParallel(b *testing.B, writers int, call func(uint64) error) {
	var next atomic.Uint64
	var wg sync.WaitGroup
	waits := make([][]time.Duration, writers)
	b.ResetTimer()
	start := time.Now()
	for w := range writers {
		wg.Go(func() {
			for i := next.Add(1); i <= uint64(b.N); i = next.Add(1) {
				before := time.Now()
				if err := call(i); err != nil {
					b.Error(err)
					return
				}
				waits[w] = append(waits[w], time.Since(before))
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	b.StopTimer()
	all := slices.Concat(waits...)
	slices.Sort(all)
	b.ReportMetric(float64(len(all))/elapsed.Seconds(), "writes/s")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkOpen measures the check of every record when a store is opened.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint("records=", n), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "relay.db")
			fillStore(b, path, n)
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			used := int64(0)
			for b.Loop() {
				s, err := store.OpenSQLite(path, store.Options{Reserve: 1})
				if err != nil {
					b.Fatal(err)
				}
				u, _ := s.Usage(context.Background())
				used = u.Used
				s.Close()
			}
			b.ReportMetric(float64(info.Size())/float64(n), "file-octets/record")
			b.ReportMetric(float64(used)/float64(n), "counted-octets/record")
		})
	}
}

// fillStore writes records in the order in which relays do: to many logs in
// turn.
func fillStore(tb testing.TB, path string, n int) {
	s, err := store.OpenSQLite(path, store.Options{Reserve: 1})
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	for i := 0; i < n; {
		var list []store.Record
		for ; len(list) < 1000 && i < n; i++ {
			list = append(list, store.Record{
				Bucket: store.Bucket(fmt.Sprintf("log/%032x", i%100)), Key: binary.BigEndian.AppendUint64(nil, uint64(i/100)), Value: make([]byte, 300),
			})
		}
		if err := s.Write(context.Background(), list); err != nil {
			tb.Fatal(err)
		}
	}
}
