package relayd

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crossband/proto"
)

// What waits for something else is given again at each look, until it is taken; a
// file of another kind beside it is no business of this folder.
func TestWhatIsNotTakenIsGivenAgain(t *testing.T) {
	dir, log := t.TempDir(), new(bytes.Buffer)
	n := newNoticesFolder(dir, slog.New(slog.NewTextHandler(log, nil)))
	put(t, dir, "a"+AnswerExt, "answer", 3)
	put(t, dir, "a"+NoticeExt, "notice", 2)
	must(t, os.WriteFile(filepath.Join(dir, "b"+AnswerExt), make([]byte, proto.MaxNotice+1), 0o600))
	k := &taker{wrong: errNotYet}
	for range 3 {
		n.answers.look(t.Context(), k.hand)
	}
	if k.wrong = nil; len(k.lists) != 0 {
		t.Errorf("taken while it was refused: %q", k.lists)
	}
	for range 3 {
		n.answers.look(t.Context(), k.hand)
	}
	if !slices.Equal(k.lists, []string{"answer"}) {
		t.Errorf("handed over %q", k.lists)
	}
	if n := strings.Count(log.String(), "answer to a change notice not read"); n != 1 {
		t.Errorf("one that is too large was said %d times: %s", n, log)
	}
	if len(n.notices.files) != 0 {
		t.Errorf("the notice was looked at: %v", n.notices.files)
	}
}
