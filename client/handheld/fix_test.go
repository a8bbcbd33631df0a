package handheld

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// summed closes a sentence with its sum.
func summed(body string) string {
	var sum byte
	for _, c := range []byte(body) {
		sum ^= c
	}
	return fmt.Sprintf("$%s*%02X", body, sum)
}

func TestReceiver(t *testing.T) {
	const rmc = "GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"
	at := time.Date(1994, 3, 23, 12, 35, 19, 0, time.UTC)
	t.Run("a fix with the accuracy of its second", func(t *testing.T) {
		var r Receiver
		if _, ok, err := r.Line(summed("GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,")); ok || err != nil {
			t.Fatal(ok, err)
		}
		f, ok, err := r.Line("$" + rmc + "*6A\r\n") // the sum that the receiver made
		if !ok || err != nil || f.Place.Latitude != 48_117_300 || f.Place.Longitude != 11_516_667 || !f.At.Equal(at) || f.Accuracy != 5 || f.Course != 84 || f.Speed < 11.5 || f.Speed > 11.6 {
			t.Errorf("%+v, %v, %v", f, ok, err)
		}
		if f, ok, _ := r.Line(summed(strings.Replace(rmc, "123519", "123520", 1))); !ok || f.Accuracy != 0 {
			t.Errorf("an accuracy of another second: %+v", f)
		}
	})
	t.Run("south and west, standing, another talker, parts of a second", func(t *testing.T) {
		f, ok, err := new(Receiver).Line(summed("GNRMC,235959.50,A,2842.5460,S,10029.9700,W,0.02,271.1,010126,,,A"))
		if !ok || err != nil || f.Place.Latitude != -28_709_100 || f.Place.Longitude != -100_499_500 || f.Course != 0 || f.Speed != 0 || f.At.Nanosecond() != 5e8 || f.At.Year() != 2026 {
			t.Errorf("%+v, %v, %v", f, ok, err)
		}
	})
	for name, line := range map[string]string{
		"no fix now":       summed("GPRMC,123519,V,,,,,,,230394,,"),
		"another sentence": summed("GPGSV,1,1,01,1,2,3,4"),
		"a maker's own":    summed("PGRME,15.0,M"),
	} {
		t.Run(name, func(t *testing.T) {
			if f, ok, err := new(Receiver).Line(line); ok || err != nil {
				t.Errorf("%+v, %v", f, err)
			}
		})
	}
	for name, line := range map[string]string{
		"nothing":                  "",
		"no sum":                   "$" + rmc,
		"another sum":              "$" + rmc + "*6B",
		"half a sum":               "$" + rmc + "*6",
		"no dollar":                rmc + "*6A",
		"a long line":              summed(rmc + strings.Repeat(",", 100)),
		"beyond the pole":          summed(strings.Replace(rmc, "4807", "9907", 1)),
		"60 minutes":               summed(strings.Replace(rmc, "4807", "4860", 1)),
		"not a number":             summed(strings.Replace(rmc, "07.038", "0x.038", 1)),
		"no half of the globe":     summed(strings.Replace(rmc, ",N,", ",E,", 1)),
		"a day that is not":        summed(strings.Replace(rmc, "230394", "320394", 1)),
		"an exponent":              summed(strings.Replace(rmc, "07.038", "07.e-1", 1)),
		"minutes that are no more": summed(strings.Replace(rmc, "4807.038", "48", 1)),
	} {
		t.Run(name, func(t *testing.T) {
			if f, ok, err := new(Receiver).Line(line); ok || !errors.Is(err, errSentence) {
				t.Errorf("%+v, %v, %v", f, ok, err)
			}
		})
	}
}

const tpv = `{"class":"TPV","device":"/dev/ttyUSB0","mode":3,"time":"2026-03-04T15:35:00.000Z","lat":28.7091,"lon":-100.4995,"alt":240.1,"epx":4.2,"epy":6.6,"track":10.3,"speed":13.4}`

func TestGpsd(t *testing.T) {
	f, ok, err := parseReport([]byte(tpv))
	if !ok || err != nil || f.Place.Latitude != 28_709_100 || f.Place.Longitude != -100_499_500 || f.Accuracy != 7 || f.Course != 10 || f.Speed != 13.4 || f.At.Minute() != 35 {
		t.Errorf("%+v, %v, %v", f, ok, err)
	}
	for _, line := range []string{
		`{"class":"VERSION","release":"3.25"}`,
		`{"class":"TPV","mode":1,"time":"2026-03-04T15:35:00.000Z"}`,
		`{"class":"TPV","mode":3,"lat":1,"lon":2}`, // without time: how old is it?
		`{"class":"TPV","mode":3,"time":"2026-03-04T15:35:00.000Z","lat":1}`,
	} {
		if f, ok, err := parseReport([]byte(line)); ok || err != nil {
			t.Errorf("%s: %+v, %v", line, f, err)
		}
	}
	for _, line := range []string{`{`, `[]`, strings.Replace(tpv, "28.7091", "128.7", 1), strings.Replace(tpv, "28.7091", `"x"`, 1)} {
		if _, ok, err := parseReport([]byte(line)); ok || err == nil {
			t.Errorf("%s: taken", line)
		}
	}
}

func TestTypedFix(t *testing.T) {
	now := time.Date(2026, 3, 4, 15, 35, 0, 0, time.UTC)
	f, err := TypedFix("28.7091,-100.4995,rail bridge", now)
	if err != nil || f.Place.Latitude != 28_709_100 || f.Place.Landmark != "" || !f.ByHand || !f.At.Equal(now) || f.Slot() != "28.709100,-100.499500" {
		t.Errorf("%+v, %v", f, err)
	}
	if f.Age(now.Add(-time.Minute)) != 0 || f.Age(now.Add(time.Minute)) != time.Minute {
		t.Error("its age")
	}
	if _, err := TypedFix("somewhere", now); err == nil {
		t.Error("taken")
	}
}

func TestFixSource(t *testing.T) {
	for s, want := range map[string]FixSource{
		"gpsd":                    {"gpsd", "localhost:2947"},
		"gpsd:192.0.2.1":          {"gpsd", "192.0.2.1:2947"},
		"gpsd:[::1]:99":           {"gpsd", "[::1]:99"},
		"nmea:/dev/ttyACM0":       {"nmea", "/dev/ttyACM0"},
		"nmea:tcp:localhost:1234": {"nmea-tcp", "localhost:1234"},
	} {
		if got, err := ParseFixSource(s); err != nil || got != want {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "nmea:", "nmea", "nmea:tcp:x", "gps:/dev/x"} {
		if got, err := ParseFixSource(s); err == nil {
			t.Errorf("%q: %+v", s, got)
		}
	}
}

// TestFollow: a file of sentences, some damaged, and a gpsd that has to be asked.
func TestFollow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "track")
	lines := summed("GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W") + "\r\nrubbish\r\n" + summed("GPRMC,123520,A,4807.039,N,01131.000,E,022.4,084.4,230394,003.1,W") + "\r\n"
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // ends with its one connection
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		asked := make([]byte, len(watch))
		if _, err := io.ReadFull(c, asked); err == nil && string(asked) == watch {
			io.WriteString(c, `{"class":"VERSION"}`+"\n"+tpv+"\n"+tpv+"\n")
			io.Copy(io.Discard, c)
		}
	}()
	for name, s := range map[string]FixSource{"nmea": {"nmea", file}, "gpsd": {"gpsd", l.Addr().String()}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			n := 0
			s.Follow(ctx, func(Fix) {
				if n++; n == 2 {
					cancel()
				}
			}, func(error) {})
			if n != 2 {
				t.Errorf("%d fixes", n)
			}
		})
	}
	t.Run("nobody there is told", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		FixSource{"nmea", file + "x"}.Follow(ctx, func(Fix) { t.Error("a fix") }, func(err error) {
			if !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
			cancel()
		})
	})
}

func FuzzReceiver(f *testing.F) {
	f.Add(summed("GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"), false)
	f.Add(tpv, true)
	f.Fuzz(func(t *testing.T, line string, gpsd bool) {
		fix, ok, err := new(Receiver).Line(line)
		if gpsd {
			fix, ok, err = parseReport([]byte(line))
		}
		if ok && err != nil {
			t.Error("a fix and an error")
		}
		if !ok {
			return
		}
		p := fix.Place
		if p.Latitude < -90e6 || p.Latitude > 90e6 || p.Longitude < -180e6 || p.Longitude >= 180e6 || fix.Accuracy < 0 || fix.Accuracy > 1_000_000 || fix.Course < 0 || fix.Course > 360 || !(fix.Speed >= 0 && fix.Speed <= 400) || fix.At.IsZero() {
			t.Errorf("%+v", fix)
		}
	})
}
