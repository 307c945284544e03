package evidence

import (
	"crypto/ed25519"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/fault"
)

// ParseTrustPolicy reads a trust policy strictly, as the package documents it.
// Invalid: trust.too_large, and with the Line and What stands there:
// trust.not_text, trust.line_end, trust.line_invalid, trust.keyword_unknown,
// trust.name_invalid, trust.name_repeated, trust.key_invalid,
// trust.key_repeated, trust.member_unknown, trust.threshold_invalid,
// trust.quorum_unknown, trust.after_quorum, trust.quorum_missing,
// trust.log_missing.
func ParseTrustPolicy(data []byte) (TrustPolicy, error) {
	if len(data) > MaxTrustPolicy {
		return TrustPolicy{}, fault.New(fault.Invalid, "trust.too_large", fault.Args{"Limit": MaxTrustPolicy})
	}
	p := trustParser{names: map[string]bool{}, keys: map[string]bool{}}
	rest := string(data)
	for rest != "" && p.err == nil {
		line, after, ok := strings.Cut(rest, "\n")
		p.line++
		switch {
		case !ok:
			p.fail("trust.line_end", "")
		case !utf8.ValidString(line) || strings.ContainsFunc(line, isControl):
			p.fail("trust.not_text", "")
		case line != "" && line[0] != '#':
			p.statement(strings.Split(strings.ReplaceAll(line, "\t", " "), " "))
		}
		rest = after
	}
	p.line++ // what is missing, is missing at the end
	switch {
	case p.err != nil:
	case len(p.policy.Logs) == 0:
		p.fail("trust.log_missing", "")
	case p.policy.Quorum == "":
		p.fail("trust.quorum_missing", "")
	}
	if p.err != nil {
		return TrustPolicy{}, p.err
	}
	return p.policy, nil
}

func isControl(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }

// trustParser reads line by line. After the first error it reads no more.
type trustParser struct {
	policy TrustPolicy
	names  map[string]bool // of witnesses and groups
	keys   map[string]bool // kind and public key
	line   int             // the number of the line read last
	err    error
}

func (p *trustParser) statement(fields []string) {
	shape := map[string]struct{ least, most int }{"log": {2, 2}, "witness": {3, 3}, "group": {4, MaxTrustPolicy}, "quorum": {2, 2}}
	s, known := shape[fields[0]]
	switch {
	case !known:
		p.fail("trust.keyword_unknown", fields[0])
	case p.policy.Quorum != "":
		p.fail("trust.after_quorum", fields[0])
	case len(fields) < s.least || len(fields) > s.most:
		p.fail("trust.line_invalid", fields[0])
	case fields[0] == "log":
		p.log(fields[1])
	case fields[0] == "witness":
		p.witness(fields[1], fields[2])
	case fields[0] == "group":
		p.group(fields[1], fields[2], fields[3:])
	case fields[1] != NoQuorum && !p.names[fields[1]]:
		p.fail("trust.quorum_unknown", fields[1])
	default:
		p.policy.Quorum = fields[1]
	}
}

func (p *trustParser) log(vkey string) {
	if _, err := newLogVerifier(vkey); err != nil {
		p.fail("trust.key_invalid", vkey)
		return
	}
	p.key("log", vkey)
	p.policy.Logs = append(p.policy.Logs, vkey)
}

func (p *trustParser) witness(name, vkey string) {
	p.name(name)
	if _, err := NewCosignatureVerifier(vkey); err != nil {
		p.fail("trust.key_invalid", vkey)
		return
	}
	p.key("witness", vkey)
	p.policy.Witnesses = append(p.policy.Witnesses, TrustedWitness{Name: name, Key: vkey})
}

func (p *trustParser) group(name, threshold string, members []string) {
	seen := map[string]bool{}
	for _, m := range members {
		if !p.names[m] || seen[m] { // the group's own name is not there yet
			p.fail("trust.member_unknown", m)
		}
		seen[m] = true
	}
	p.name(name)
	n, err := strconv.Atoi(threshold)
	switch {
	case threshold == "all":
		n = len(members)
	case threshold == "any":
		n = 1
	case err != nil || n < 1 || n > len(members) || strconv.Itoa(n) != threshold:
		p.fail("trust.threshold_invalid", threshold)
	}
	p.policy.Groups = append(p.policy.Groups, WitnessGroup{Name: name, Threshold: n, Members: members})
}

// name takes a name for a witness or a group. "none" would make two sentences
// of one quorum.
func (p *trustParser) name(name string) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	if name == "" || name == NoQuorum || strings.Trim(name, letters) != "" {
		p.fail("trust.name_invalid", name)
	}
	if p.names[name] {
		p.fail("trust.name_repeated", name)
	}
	p.names[name] = true
}

// key takes a key. The same public key under two names would let one witness
// count as two.
func (p *trustParser) key(kind, vkey string) {
	_, rest, _ := strings.Cut(vkey, "+") // base64 may hold a plus, a name may not
	_, public, _ := strings.Cut(rest, "+")
	id := kind + " " + public
	if p.keys[id] {
		p.fail("trust.key_repeated", vkey)
	}
	p.keys[id] = true
}

func (p *trustParser) fail(message, what string) {
	if p.err == nil {
		p.err = fault.New(fault.Invalid, message, fault.Args{"Line": p.line, "What": what})
	}
}

// newLogVerifier reads a log's verifier key in its one spelling; the library
// reads several.
func newLogVerifier(vkey string) (note.Verifier, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "trust.key_invalid")
	}
	data, err := parseBase64(strings.TrimPrefix(vkey, witnessID(v.Name(), v.KeyHash())+"+"))
	if err != nil || len(data) != 1+ed25519.PublicKeySize {
		return nil, fault.Wrap(fmt.Errorf("%q is not written as a verifier key is", vkey), fault.Invalid, "trust.key_invalid")
	}
	return v, nil
}

// FormatTrustPolicy writes the policy so that ParseTrustPolicy reads the same.
// Invalid, as there, for a policy that cannot be written.
func FormatTrustPolicy(p TrustPolicy) ([]byte, error) {
	var b strings.Builder
	for _, key := range p.Logs {
		fmt.Fprintf(&b, "log %s\n", key)
	}
	for _, w := range p.Witnesses {
		fmt.Fprintf(&b, "witness %s %s\n", w.Name, w.Key)
	}
	for _, g := range p.Groups {
		fmt.Fprintf(&b, "group %s %d %s\n", g.Name, g.Threshold, strings.Join(g.Members, " "))
	}
	fmt.Fprintf(&b, "quorum %s\n", p.Quorum)
	out := []byte(b.String())
	if _, err := ParseTrustPolicy(out); err != nil {
		return nil, err
	}
	return out, nil
}
