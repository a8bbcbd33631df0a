package ics

import (
	"slices"
	"testing"
)

func FuzzForms(f *testing.F) {
	for _, w := range words() {
		f.Add(w, w+" "+w)
	}
	f.Fuzz(func(t *testing.T, incident, what string) {
		l := log()
		l.Incident, l.Activities[0].What, l.Exercise = incident, what, true
		layout := Layout{Lines: 30}
		s, _, err := fill(l, layout)
		if err != nil {
			return
		}
		out, err := Text(l, layout)
		if err != nil {
			t.Fatal(err)
		}
		pagesOf(t, string(out), s, Layout{Columns: 80, Lines: 30})
		page, err := HTML(l, layout)
		if err != nil {
			t.Fatal(err)
		}
		if got := readHTML(t, string(page)); !slices.Contains(got.texts, visible(what)) || !slices.Contains(got.texts, visible(incident)) {
			t.Errorf("the page does not say %q and %q", incident, what)
		}
	})
}
