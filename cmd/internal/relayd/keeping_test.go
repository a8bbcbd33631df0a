package relayd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/proto"
)

func TestParseDays(t *testing.T) {
	const otherwise = 3 * time.Minute
	for text, want := range map[string]time.Duration{
		"": otherwise, "0": 0, "0d": 0, "0s": 0, "1d": day, "400d": 400 * day, "36h": 36 * time.Hour, "90m": 90 * time.Minute,
		"36500d": 36500 * day, "876000h": 36500 * day,
	} {
		if got, err := parseDays(text, otherwise); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"1", "d", "day", "1.5d", "-1d", "+1d", " 1d", "1 d", "0x1d", "-1h", "36501d", "876001h",
		"213504d",               // 2^64 nanoseconds and 25 minutes
		"106752d",               // past 2^63 nanoseconds
		"-213504d",              // the same from below
		"9223372036854775807d",  // all of an int64
		"18446744073709551615d", // all of a uint64
		"99999999999999999999d", // more than that
		"2562048h",              // past what a duration holds
	} {
		if got, err := parseDays(text, otherwise); err == nil || got != 0 {
			t.Errorf("%q was taken as %v", text, got)
		}
	}
}

func TestReadHolds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "holds")
	if list, err := ReadHolds(dir); len(list) != 0 || err != nil {
		t.Errorf("no folder: %v, %v", list, err)
	}
	one, two := proto.ChannelID{1}, proto.ChannelID{2}
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, one.String()), []byte("  by order of the court\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, two.String()), []byte(strings.Repeat("x", maxHoldReason+1)), 0o600))
	want := []Hold{{one, "by order of the court"}, {two, strings.Repeat("x", maxHoldReason)}}
	if list, err := ReadHolds(dir); err != nil || !slices.Equal(list, want) {
		t.Errorf("%v, %v", list, err)
	}
	// A hold that would not hold is seen.
	for _, name := range []string{"notes.txt", one.String() + ".txt", one.String()[2:]} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, nil, 0o600))
		if list, err := ReadHolds(dir); err == nil || list != nil || !strings.Contains(err.Error(), path) {
			t.Errorf("beside %q: %v, %v", name, list, err)
		}
		must(t, os.Remove(path))
	}
	must(t, os.Mkdir(filepath.Join(dir, (proto.ChannelID{3}).String()), 0o700))
	if list, err := ReadHolds(dir); err == nil {
		t.Errorf("beside a folder: %v", list)
	}
}

// A hold that could not be written leaves the one that was there as it was.
func TestSetAndLiftHold(t *testing.T) {
	above := filepath.Join(t.TempDir(), "a")
	c := Config{Holds: filepath.Join(above, "holds")}
	h := Hold{proto.ChannelID{1}, "order 1"}
	holds := func(want ...Hold) {
		t.Helper()
		if list, err := ReadHolds(c.Holds); err != nil || !slices.Equal(list, want) {
			t.Errorf("%v, %v; want %v", list, err, want)
		}
	}
	must(t, c.SetHold(h))
	holds(h)
	for path, want := range map[string]os.FileMode{above: 0o700, c.Holds: 0o700, filepath.Join(c.Holds, h.Channel.String()): 0o600} {
		info, err := os.Stat(path)
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
	h.Reason = "order 2"
	must(t, c.SetHold(h))
	holds(h)

	// What a crash may leave of a hold is none, and in nobody's way.
	half := filepath.Join(c.Holds, "."+h.Channel.String()+unfinished)
	must(t, os.WriteFile(half, []byte("ord"), 0o600))
	holds(h)
	must(t, os.Remove(half))
	must(t, os.Mkdir(half, 0o700)) // a hold cannot be written now
	if err := c.SetHold(Hold{h.Channel, "order 3"}); err == nil {
		t.Error("a hold that was not written is said to be placed")
	}
	holds(h)
	must(t, os.Remove(half))

	must(t, c.LiftHold(h.Channel))
	holds()
	if err := c.LiftHold(h.Channel); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("lifting no hold: %v", err)
	}
	c.Holds = filepath.Join(above, "file", "holds")
	must(t, os.WriteFile(filepath.Dir(c.Holds), nil, 0o600))
	if err := c.SetHold(h); err == nil {
		t.Error("a hold below a file is said to be placed")
	}
}
