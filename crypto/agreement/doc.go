// Package agreement reads, writes, signs and judges agreements between agencies
// and withdrawals from them. The rules that an agreement holds are in proto; the
// rules of certificates in crypto/identity; this package joins the two.
//
// An agreement is a TOML text that people read, negotiate and sign. Exactly its
// octets are what is signed. The signatures follow it as comments, so that the file
// stays one TOML text.
package agreement
