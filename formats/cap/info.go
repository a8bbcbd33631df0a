package cap

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"crossband/formats/strictxml"
)

func infoShape() shape {
	return shape{
		single: []string{"language", "event", "urgency", "severity", "certainty", "audience", "effective", "onset", "expires",
			"senderName", "headline", "description", "instruction", "web", "contact"},
		repeated: []string{"category", "responseType"},
		pairs:    []string{"eventCode", "parameter"},
		inner:    []string{"resource", "area"},
	}
}

// DefaultLanguage is that of an info which states none (CAP-v1.2 3.2.2).
const DefaultLanguage = "en-US"

func appendInfo(list []Info, e *strictxml.Element, v Version) ([]Info, *Fault) {
	f := collect(e, "alert/info", infoShape())
	i := Info{
		Language: f.language(), Event: f.need("event"),
		Categories: listed(f, "category", isCategory), ResponseTypes: listed(f, "responseType", isResponse),
		Urgency: code(f, "urgency", isUrgency), Severity: code(f, "severity", isSeverity), Certainty: code(f, "certainty", isCertainty),
		Audience: f.text["audience"], EventCodes: f.pairs["eventCode"], Parameters: f.pairs["parameter"],
		Effective: f.time("effective", false), Onset: f.time("onset", false), Expires: f.time("expires", false),
		SenderName: f.text["senderName"], Headline: f.text["headline"], Description: f.text["description"],
		Instruction: f.text["instruction"], Web: f.text["web"], Contact: f.text["contact"],
	}
	if i.Certainty == "Very Likely" {
		i.Certainty = "Likely"
	}
	if len(i.Categories) == 0 {
		f.wrong("category", "is missing")
	}
	f.bound("area", len(f.inner["area"]), MaxAreas)
	f.bound("resource", len(f.inner["resource"]), MaxListed)
	for _, k := range f.inner["resource"] {
		i.Resources = append(i.Resources, f.resource(k, v))
	}
	for _, k := range f.inner["area"] {
		if f.fault != nil {
			break
		}
		i.Areas = append(i.Areas, f.area(k))
	}
	return append(list, i), f.fault
}

// language reads a tag such as es-419; the form of RFC 3066 is checked, not its
// registry.
func (f *fields) language() string {
	v := f.text["language"]
	if v == "" {
		return DefaultLanguage
	}
	for i, part := range strings.Split(v, "-") {
		ok := part != "" && len(part) <= 8
		for _, r := range part {
			ok = ok && r < 0x80 && (unicode.IsLetter(r) || i > 0 && unicode.IsDigit(r))
		}
		if !ok || len(v) > 35 {
			f.wrong("language", fmt.Sprintf("%q is no language tag", clip(v)))
			return ""
		}
	}
	return v
}

// adopt takes over a fault of an inner element.
func (f *fields) adopt(in *fields) {
	if f.fault == nil {
		f.fault = in.fault
	}
}

// resource reads a resource. Its media type is required since 1.2. Content that
// is carried inside (derefUri) counts as text and is bounded so.
func (f *fields) resource(e *strictxml.Element, v Version) Resource {
	in := collect(e, f.of+"/resource", shape{single: []string{"resourceDesc", "mimeType", "size", "uri", "derefUri", "digest"}})
	r := Resource{in.need("resourceDesc"), in.text["mimeType"], in.text["size"], in.text["uri"], in.text["derefUri"], in.text["digest"]}
	if v == V12 {
		in.need("mimeType")
	}
	f.adopt(in)
	return r
}

func (f *fields) area(e *strictxml.Element) Area {
	in := collect(e, f.of+"/area", shape{single: []string{"areaDesc", "altitude", "ceiling"}, repeated: []string{"polygon", "circle"}, pairs: []string{"geocode"}})
	a := Area{Desc: in.need("areaDesc"), Geocodes: in.pairs["geocode"], Altitude: in.text["altitude"], Ceiling: in.text["ceiling"]}
	for _, s := range in.lists["polygon"] {
		a.Polygons = append(a.Polygons, in.polygon(s))
	}
	for _, s := range in.lists["circle"] {
		a.Circles = append(a.Circles, in.circle(s))
	}
	for _, h := range []string{"altitude", "ceiling"} {
		if _, ok := number(in.text[h]); in.text[h] != "" && !ok {
			in.wrong(h, "is no number")
		}
	}
	f.adopt(in)
	return a
}

// polygon reads points, the last of which is the first again (CAP-v1.2 3.2.4).
func (f *fields) polygon(s string) []Point {
	words := strings.Fields(s)
	if len(words) < minPolygon || len(words) > MaxPoints {
		f.wrong("polygon", fmt.Sprintf("%d points, want %d to %d", len(words), minPolygon, MaxPoints))
		return nil
	}
	points := make([]Point, 0, len(words))
	for _, w := range words {
		p, ok := point(w)
		if !ok {
			f.wrong("polygon", fmt.Sprintf("%q is no latitude,longitude", clip(w)))
			return nil
		}
		points = append(points, p)
	}
	if points[0] != points[len(points)-1] {
		f.wrong("polygon", "its last point is not its first")
	}
	return points
}

func (f *fields) circle(s string) Circle {
	words := strings.Fields(s)
	if len(words) == 2 {
		p, ok := point(words[0])
		if r, isNumber := number(words[1]); ok && isNumber && r >= 0 && r <= maxRadius {
			return Circle{p, r}
		}
	}
	f.wrong("circle", fmt.Sprintf("%q is no latitude,longitude and radius", clip(s)))
	return Circle{}
}

func point(s string) (Point, bool) {
	lat, lon, ok := strings.Cut(s, ",")
	la, ok1 := number(lat)
	lo, ok2 := number(lon)
	return Point{la, lo}, ok && ok1 && ok2 && math.Abs(la) <= 90 && math.Abs(lo) <= 180
}

// number reads a plain decimal: no exponent, no infinity, no hexadecimal.
func number(s string) (float64, bool) {
	if s == "" || len(s) > 32 || strings.Trim(s, "+-.0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}
