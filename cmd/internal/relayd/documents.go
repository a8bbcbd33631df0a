package relayd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"crossband/proto"
	"crossband/relay"
)

// The folder of agreements beside a relay's configuration, and its folder of
// charters: whoever made one on this machine puts it there, and the relay has it
// within lookEvery, with or without a registrar. What is taken away there stays in
// force: an agreement ends by its time or by a withdrawal.
const agreementsDir = "agreements"

// AgreementsDir returns the folder for the relay of a configuration file.
func AgreementsDir(config string) string { return beside(config, agreementsDir) }

// DocumentFile is the name of a document's file in AgreementsDir.
func DocumentFile(d relay.Document, id proto.AgreementID, revision uint32, by proto.Agency) string {
	if d.Kind == proto.DocumentWithdrawal {
		return fmt.Sprintf("%s-%s%s", id, by, suffixOf(d.Kind))
	}
	return fmt.Sprintf("%s-%06d%s", id, revision, suffixOf(d.Kind))
}

func suffixOf(k proto.DocumentKind) string { return "." + k.String() }

// LoadDocuments reads the documents of a folder, agreements in the order of their
// revisions before withdrawals; none for no folder.
func LoadDocuments(dir string) (list []relay.Document, err error) {
	for _, kind := range []proto.DocumentKind{proto.DocumentAgreement, proto.DocumentWithdrawal} {
		files, err := filesIn(dir, suffixOf(kind))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			b, err := readDocument(f)
			if err != nil {
				return nil, err
			}
			list = append(list, relay.Document{Kind: kind, Signed: b})
		}
	}
	return list, nil
}

// filesIn lists a folder's files of one kind, by name.
func filesIn(dir, suffix string) (list []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == suffix {
			list = append(list, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(list)
	return list, err
}

func readDocument(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > proto.MaxDocument {
		err = fmt.Errorf("%s: %d octets, a document has at most %d", file, info.Size(), proto.MaxDocument)
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// documentFolders hands what is in the folders to the node, once for each content.
type documentFolders struct {
	agreements, charters string
	log                  *slog.Logger
	seen                 map[string]time.Time // files by when they were written
}

// watch looks at the folders until ctx ends.
func (d *documentFolders) watch(ctx context.Context, node *relay.Node) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		d.look(ctx, node)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (d *documentFolders) look(ctx context.Context, node *relay.Node) {
	for _, kind := range []proto.DocumentKind{proto.DocumentAgreement, proto.DocumentWithdrawal} {
		d.each(ctx, d.agreements, suffixOf(kind), proto.MaxDocument, func(b []byte) error {
			return node.Take(ctx, relay.Document{Kind: kind, Signed: b})
		})
	}
	if d.charters != "" { // last: they rest on agreements
		d.each(ctx, d.charters, ".charter", proto.MaxCharter, func(b []byte) error { return node.Register(ctx, b) })
	}
}

func (d *documentFolders) each(ctx context.Context, dir, suffix string, most int64, give func([]byte) error) {
	files, err := filesIn(dir, suffix)
	if err != nil {
		return // it is looked at again
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.ModTime().Equal(d.seen[f]) || ctx.Err() != nil {
			continue
		}
		d.seen[f] = info.ModTime()
		if info.Size() > most {
			d.log.Warn("file not read", "file", f, "why", "too large")
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			d.log.Warn("file not read", "file", f, "why", err.Error())
			continue
		}
		if give(b) != nil {
			return // the node is ending
		}
	}
}
