package soak

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAJournalSurvivesAKill: a line cut short is dropped, what was before it stays,
// and the next life goes on behind it.
func TestAJournalSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	for life := range uint64(3) {
		j, old, err := OpenJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(old) != int(life) {
			t.Fatalf("life %d reads %d lines", life, len(old))
		}
		if err := j.Write(Record{What: Saying, N: life}); err != nil {
			t.Fatal(err)
		}
		if _, err := j.f.WriteString(`{"what":"sa` + strings.Repeat("y", 1000)); err != nil {
			t.Fatal(err)
		}
		j.Close()
	}
	list, err := ReadJournal(path)
	if err != nil || len(list) != 3 || list[2].N != 2 || list[2].At < list[1].At {
		t.Errorf("%+v, %v", list, err)
	}
	if err := os.WriteFile(path, []byte("nonsense\n"+`{"what":"started"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := ReadJournal(path); err == nil {
		t.Errorf("a damaged line passes: %+v", list)
	}
}
