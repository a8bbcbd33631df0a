package relayd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

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
// revisions before withdrawals; none for no folder. A file that cannot be read is left
// out; the error names each.
func LoadDocuments(dir string) (list []relay.Document, err error) {
	var wrong []error
	for _, kind := range []proto.DocumentKind{proto.DocumentAgreement, proto.DocumentWithdrawal} {
		files, err := filesIn(dir, suffixOf(kind))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			b, err := readDocument(f)
			if err != nil {
				wrong = append(wrong, err)
				continue
			}
			list = append(list, relay.Document{Kind: kind, Signed: b})
		}
	}
	return list, errors.Join(wrong...)
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

// documentFolders are the folders of agreements, withdrawals and charters.
type documentFolders struct{ agreements, withdrawals, charters folder }

func newDocumentFolders(agreements, charters string, log *slog.Logger) *documentFolders {
	of := func(dir, suffix, what string, most int64) folder {
		return folder{dir: dir, suffix: suffix, what: what, most: most, log: log}
	}
	return &documentFolders{
		of(agreements, suffixOf(proto.DocumentAgreement), "agreement", proto.MaxDocument),
		of(agreements, suffixOf(proto.DocumentWithdrawal), "withdrawal", proto.MaxDocument),
		of(charters, ".charter", "charter", proto.MaxCharter),
	}
}

func (d *documentFolders) look(ctx context.Context, node *relay.Node) {
	take := func(kind proto.DocumentKind) func(context.Context, []byte) error {
		return func(ctx context.Context, b []byte) error {
			return node.Take(ctx, relay.Document{Kind: kind, Signed: b})
		}
	}
	d.agreements.look(ctx, take(proto.DocumentAgreement))
	d.withdrawals.look(ctx, take(proto.DocumentWithdrawal))
	if d.charters.dir != "" { // last: they rest on agreements
		d.charters.look(ctx, node.Register)
	}
}
