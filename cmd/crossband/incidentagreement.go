package main

import (
	"slices"
	"time"

	"crossband/client/phrase"
	"crossband/crypto/agreement"
	"crossband/crypto/identity"
	"crossband/crypto/record"
	"crossband/proto"
)

// verdictAgreement is an agreement that was in force, as the signatures on it say.
type verdictAgreement struct {
	Document string   `json:"document"` // SHA-256 of it as it is signed
	File     string   `json:"file"`
	Title    string   `json:"title"`
	Revision uint32   `json:"revision"`
	Parties  []string `json:"parties"`
	Good     bool     `json:"good"`
	Why      string   `json:"why,omitempty"` // it is not
}

// judgeAgreements judges the agreements in the files: each must be signed by all whom
// it names. The record says only which was in force.
func judgeAgreements(list []*record.Export, files []string, bundles []*identity.Bundle) ([]verdictAgreement, error) {
	trust, err := identity.NewTrustStore(bundles[0], bundles[1:]...)
	if err != nil {
		return nil, err
	}
	judge, out := agreement.Judge{Trust: trust}, []verdictAgreement{}
	for i, x := range list {
		for _, signed := range x.Agreements {
			v := verdictAgreement{Document: record.DigestOf(signed).String(), File: files[i], Parties: []string{}}
			if f, err := agreement.Parse(signed); err == nil {
				v.Title, v.Revision = f.Agreement.Title, f.Agreement.Revision
				for _, a := range f.Agreement.Parties {
					v.Parties = append(v.Parties, string(a))
				}
			}
			_, err := judge.Document(proto.DocumentAgreement, signed, time.Now())
			if v.Good = err == nil; err != nil {
				v.Why = err.Error()
			}
			out = append(out, v)
		}
	}
	return out, nil
}

func sayAgreements(e env, list []verdictAgreement) {
	for _, v := range list {
		if !v.Good {
			e.printf("agreement %s: NOT PROVEN: %s\n", v.Document, phrase.Inert(v.Why))
			continue
		}
		e.printf("under %q, revision %d, signed by everybody in it\n", phrase.Inert(v.Title), v.Revision)
	}
}

func allGood(list []verdictAgreement) bool {
	return !slices.ContainsFunc(list, func(v verdictAgreement) bool { return !v.Good })
}
