package console

import (
	"fmt"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/views"
	"crossband/proto"
)

// busy is a dispatcher's desk at its limits: 50 channels of 30 members with 500 texts
// each, 200 calls.
func busy(b *testing.B) (*Model, *board) {
	e := &board{channels: make(map[proto.ChannelID]ChannelNow)}
	for c := range 50 {
		ch := agreed(proto.KindStanding, fmt.Sprint("talk ", c))
		ch.Members, ch.Heard = []proto.Name{name(me)}, nil
		for i := range 29 {
			n := proto.Name{Agency: "mx.example", Role: proto.RoleUnit, Label: fmt.Sprint("unit-", i)}
			ch.Members, ch.Heard = append(ch.Members, n), append(ch.Heard, views.Heard{Member: n, At: start()})
		}
		ch.Views.Others, ch.Views.Agree = 29, 29
		e.channels[cid(byte(c+1))] = ch
	}
	for i := range 200 {
		c := callOf(byte(i), start().Add(time.Duration(i)*time.Second))
		e.calls = append(e.calls, c)
		e.incidents = append(e.incidents, client.Incident{ID: iid(byte(i)), Calling: cid(1), State: client.IncidentOpen, Hails: []client.HailInfo{{Call: c.Call, Shown: c.Shown}}})
	}
	m := NewModel(ModelConfig{Endpoint: e, Me: name(me), Voice: &bridge{level: 50}})
	m.Fold(client.Connected{}, start())
	for c := range 50 {
		for i := range maxTexts {
			m.Fold(client.TextReceived{Channel: cid(byte(c + 1)), ID: proto.MessageID{byte(c), byte(i), byte(i >> 8)}, From: name(norte), Text: "a text of usual length, as one types it", Seq: uint64(i + 1), At: start()}, start())
		}
	}
	return m, e
}

// BenchmarkView looks ten times a second: the first line while nobody writes, the second
// while a text comes each time, the third when everything is asked for each time.
func BenchmarkView(b *testing.B) {
	for _, c := range []struct {
		what string
		step time.Duration
		text bool
	}{{"voice only", 100 * time.Millisecond, false}, {"a text each time", 100 * time.Millisecond, true}, {"a second each time", time.Second, true}} {
		b.Run(c.what, func(b *testing.B) {
			m, _ := busy(b)
			now := start()
			m.View(now)
			i := 0
			for b.Loop() {
				i++
				now = now.Add(c.step)
				if c.text {
					m.Fold(client.TextReceived{Channel: cid(1), ID: proto.MessageID{0xff, byte(i), byte(i >> 8), byte(i >> 16)}, From: name(norte), Text: "x", Seq: uint64(maxTexts + i), At: now}, now)
				}
				m.Fold(client.FloorChanged{Channel: cid(byte(1 + i%50)), Holder: name(norte)}, now)
				if v := m.View(now); len(v.Channels) != 50 || len(v.Messages) == 0 {
					b.Fatal("the wrong thing is measured")
				}
			}
		})
	}
}
