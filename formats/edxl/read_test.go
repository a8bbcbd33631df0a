package edxl

import (
	"errors"
	"strings"
	"testing"
)

func TestReadRefusesWhatWasNotWrittenHere(t *testing.T) {
	good := string(written(t, everything()[0]))
	for name, document := range map[string]string{
		"nothing":                     "",
		"cut":                         good[:len(good)-10],
		"something after it":          good + "x",
		"a second message":            good + good[strings.Index(good, "<rmsg"):],
		"a document type":             strings.Replace(good, "<rmsg:Req", "<!DOCTYPE x [<!ENTITY a \"b\">]><rmsg:Req", 1),
		"an instruction":              strings.Replace(good, "<rmsg:Req", "<?php x?><rmsg:Req", 1),
		"a comment":                   strings.Replace(good, "<rmsg:Req", "<!-- x --><rmsg:Req", 1),
		"an attribute":                strings.Replace(good, "<rmsg:MessageID>", "<rmsg:MessageID a=\"b\">", 1),
		"another prefix":              strings.ReplaceAll(good, "rmsg", "m"),
		"a time with the letter Z":    strings.Replace(good, "-06:00<", "Z<", 1),
		"text between elements":       strings.Replace(good, "<rmsg:MessageID>", "x<rmsg:MessageID>", 1),
		"text after elements":         strings.Replace(good, "</rmsg:Resource>", "x</rmsg:Resource>", 1),
		"elements in a text":          strings.Replace(good, "Officer needs help", "<rm:Value>a</rm:Value>", 1),
		"an element that is not ours": strings.Replace(good, "<rmsg:ResourceInformation>", "<rmsg:Funding/><rmsg:ResourceInformation>", 1),
		"another message's name":      strings.ReplaceAll(good, "RequestResource", "RequisitionResource"),
		"another content type":        strings.Replace(good, ">RequestResource<", ">CommitResource<", 1),
		"no mark of the exercise":     strings.Replace(string(written(t, everything()[2])), ExerciseMark+" ", "", 1),
		"too deep":                    strings.Repeat("<a>", 100000),
		"too long":                    good + strings.Repeat(" ", MaxMessage),
	} {
		if m, err := Read([]byte(document)); !errors.Is(err, ErrMessage) || m != nil {
			t.Errorf("%s: %v, error %v", name, m, err)
		}
	}
}

// TestReadIsBounded: what is too long or nests too deep is refused for that,
// before anything is made of it.
func TestReadIsBounded(t *testing.T) {
	for reason, document := range map[string]string{
		"at most 4194304":    strings.Repeat(" ", MaxMessage+1),
		"nest deeper than 8": strings.Repeat("<a>", 100000),
	} {
		if _, err := Read([]byte(document)); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("want %q, got %v", reason, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, m := range everything() {
		out, err := Write(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(out)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		m, err := Read(document)
		if err != nil {
			if m != nil {
				t.Errorf("a message and an error")
			}
			return
		}
		if out, err := Write(m); err != nil || string(out) != string(document) {
			t.Errorf("accepted, but written again otherwise: %v", err)
		}
		if err := validate(document); err != nil {
			t.Errorf("accepted, but %v", err)
		}
	})
}
