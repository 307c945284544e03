package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kokoroe/app/evidence"
)

// makeCut cuts the witnessed receipt off behind every line and inside of every
// sort of line.
func makeCut(w *workshop) {
	good := string(written(w.witnessed()))
	lines := strings.SplitAfter(good, "\n")
	for n := 1; n < len(lines)-1; n++ {
		if n >= 7 && n <= 9 || n == 16 || n == 17 || n > 22 {
			continue // the same sort of line as the one before
		}
		head := strings.Join(lines[:n], "")
		want := "line_invalid"
		w.add(fmt.Sprintf("cut behind line %02d", n), logOnly, want, []byte(head))
		if len(lines[n]) > 2 {
			w.add(fmt.Sprintf("cut within line %02d", n+1), logOnly, want, []byte(head+lines[n][:2]))
		}
	}
	w.add("last line end missing", twoOfThree, "line_invalid", []byte(strings.TrimSuffix(good, "\n")))
	w.add("cut within the last signature", twoOfThree, "line_invalid", []byte(good[:len(good)-30]))
	w.add("last signature missing", twoOfThree, "quorum_missing", []byte(strings.Join(lines[:len(lines)-2], "")))
}

// makeSpellings writes the same in ways that it is not written.
func makeSpellings(w *workshop) {
	good := string(written(w.witnessed()))
	lines := strings.Split(good, "\n")
	with := func(n int, line string) []byte {
		out := slices.Clone(lines)
		out[n-1] = line
		return []byte(strings.Join(out, "\n"))
	}
	add := func(name string, receipt []byte) { w.add(name, twoOfThree, "line_invalid", receipt) }
	w.add("windows line ends", twoOfThree, "not_receipt", []byte(strings.ReplaceAll(good, "\n", "\r\n")))
	w.add("windows line ends behind the first line", twoOfThree, "line_invalid", []byte(lines[0]+"\n"+strings.ReplaceAll(strings.Join(lines[1:], "\n"), "\n", "\r\n")))
	w.add("old mac line ends", twoOfThree, "not_receipt", []byte(strings.ReplaceAll(good, "\n", "\r")))
	w.add("byte order mark", twoOfThree, "not_receipt", []byte("\ufeff"+good))
	w.add("another version", twoOfThree, "not_receipt", with(1, "kokoroe-receipt@v2"))
	w.add("first line with a space", twoOfThree, "not_receipt", with(1, "kokoroe-receipt@v1 "))
	add("salt without padding", with(3, strings.TrimSuffix(lines[2], "=")))
	add("salt with unused bits", with(3, strings.TrimSuffix(lines[2], "8=")+"9="))
	add("salt with padding too much", with(3, lines[2]+"="))
	add("salt with a space behind", with(3, lines[2]+" "))
	add("salt with a space inside", with(3, lines[2][:20]+" "+lines[2][20:]))
	add("salt too short", with(3, "salt "+base64.StdEncoding.EncodeToString(make([]byte, 31))))
	add("salt too long", with(3, "salt "+base64.StdEncoding.EncodeToString(make([]byte, 33))))
	add("salt in the alphabet of addresses", with(3, "salt "+base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32))))
	add("salt behind two spaces", with(3, strings.Replace(lines[2], " ", "  ", 1)))
	add("word in capitals", with(3, strings.Replace(lines[2], "salt", "Salt", 1)))
	add("bar missing", with(6, "# no bar"))
	add("text without lines", with(5, "text"))
	add("text not UTF-8", with(7, "|\xff"))
	add("text with half of a pair", with(7, "|\xed\xa0\x80"))
	add("text with an overlong form", with(7, "|\xc0\xaf"))
	swapped := slices.Concat(lines[:3], lines[9:11], lines[3:9], lines[11:])
	add("declaration before text", []byte(strings.Join(swapped, "\n")))
	add("proof of another version", with(13, "c2sp.org/tlog-proof@v2"))
	add("an empty line too much", with(12, "\n"))
	for _, c := range []struct{ name, index string }{
		{"a sign", "+3"}, {"a zero in front", "03"}, {"a minus", "-3"}, {"hex", "0x3"}, {"a space behind", "3 "},
		{"digits of Japanese width", "３"}, {"a fraction", "3.0"}, {"an exponent", "3e0"}, {"nothing", ""}, {"an underscore", "1_0"},
		{"more than 53 bits", "9007199254740992"}, {"more than 64 bits", "18446744073709551619"},
	} {
		add("index with "+c.name, with(14, "index "+c.index))
	}
	add("hash without padding", with(15, strings.TrimSuffix(lines[14], "=")))
	add("hash with unused bits", with(15, lines[14][:42]+next(lines[14][42])+"="))
	add("hash too short", with(15, base64.StdEncoding.EncodeToString(make([]byte, 31))))
	add("hashes too many", with(15, strings.Repeat(lines[14]+"\n", 63)+lines[14]))
	add("extension line", with(21, lines[20]+"\nextension"))
	add("size with a zero in front", with(20, "07"))
	add("root with unused bits", with(21, lines[20][:42]+next(lines[20][42])+"="))
	add("origin empty", with(19, ""))
	add("hyphen for the dash", with(23, strings.Replace(lines[22], "—", "-", 1)))
	add("signature without padding", with(23, strings.TrimRight(lines[22], "=")))
	add("signature with unused bits", with(23, strings.TrimSuffix(lines[22], "Q=")+"R="))
	add("signature twice", with(23, lines[22]+"\n"+lines[22]))
	add("two cosignatures of one witness", with(24, lines[23]+"\n"+strings.Split(string(cosignedBy(w.t, w.witnessed().Checkpoint, w.witness(2))), "\n")[5]))
	add("signature of four bytes", with(23, lines[22]+"\n— x.example AAAAAA=="))
	add("something behind", []byte(good+"x"))
	add("an empty line behind", []byte(good+"\n"))
	add("a second receipt behind", []byte(good+good))
	add("checkpoint too large", []byte(good+"— x.example "+base64.StdEncoding.EncodeToString(make([]byte, 12<<10))+"\n"))
	add("record too large", with(2, "record "+withBody(`{"s":"`+strings.Repeat("x", evidence.MaxRecord)+`"}`)))
}

// makeRecords puts records that are none into a log that is in order.
func makeRecords(w *workshop) {
	replace := func(before, after string) string {
		if !strings.Contains(minimal, before) {
			w.t.Fatalf("no %s", before)
		}
		return strings.Replace(minimal, before, after, 1)
	}
	add := func(name, record string) {
		w.add("record with "+name, logOnly, "record_malformed", written(alone(w.t, record)))
	}
	add("a space", replace(`{"actor"`, `{ "actor"`))
	add("members in another order", replace(`"actor":"p-1","at":1775012400123`, `"at":1775012400123,"actor":"p-1"`))
	add("an unknown member", replace(`,"v":1`, `,"unknown":1,"v":1`))
	add("a member in capitals", replace(`"key":"k"`, `"Key":"k"`))
	add("a member twice", replace(`"key":"k"`, `"key":"k","key":"k"`))
	add("a member twice in the body", withBody(`{"a":1,"a":1}`))
	add("an unknown member of signin", replace(`,"v":1`, `,"signin":{"ip":"192.0.2.1"},"v":1`))
	add("an empty signin", replace(`,"v":1`, `,"signin":{},"v":1`))
	add("an empty subject", replace(`,"v":1`, `,"subject":"","v":1`))
	add("no actor", replace(`"actor":"p-1",`, ``))
	add("no body", replace(`"body":{},`, ``))
	add("no time", replace(`"at":1775012400123,`, ``))
	add("a body that is a list", withBody(`[]`))
	add("a fraction", withBody(`{"n":1.5}`))
	add("an exponent", withBody(`{"n":1e+21}`))
	add("2 to the power of 53", withBody(`{"n":9007199254740992}`))
	add("a minus zero", withBody(`{"n":-0}`))
	add("null", withBody(`{"n":null}`))
	add("null in a list", withBody(`{"n":[null]}`))
	add("a text that is not normalised", withBody(`{"s":"か`+"\u3099"+`"}`))
	add("a name that is not normalised", withBody(`{"か`+"\u3099"+`":1}`))
	add("a lost character", withBody(`{"s":"`+"\ufffd"+`"}`))
	add("half of a pair", withBody(`{"s":"\ud800"}`))
	add("an escape that is not needed", withBody(`{"s":"\u0041"}`))
	add("a slash escaped", withBody(`{"s":"\/"}`))
	add("an escape in capitals", withBody(`{"s":"\u001F"}`))
	add("a kind without version", replace(`test.done/v1`, `test.done`))
	add("a kind of version 0", replace(`test.done/v1`, `test.done/v01`))
	add("a kind of one word", replace(`test.done/v1`, `test/v1`))
	add("a kind in capitals", replace(`test.done/v1`, `Test.done/v1`))
	add("a tab in the key", replace(`"key":"k"`, `"key":"a\tb"`))
	add("a key of 513 bytes", replace(`"key":"k"`, `"key":"`+strings.Repeat("k", 513)+`"`))
	add("a time in quotes", replace(`1775012400123`, `"1775012400123"`))
	add("a body too deep", withBody(`{"a":`+strings.Repeat(`[`, 40)+strings.Repeat(`]`, 40)+`}`))
	add("something behind", minimal+"x")
	add("a second object behind", minimal+"{}")
	add("nothing", "")
	add("no JSON", "acknowledged by p-1")
	for _, version := range []string{`2`, `0`, `"1"`} {
		name := strings.ReplaceAll(version, `"`, "quote")
		w.add("record version "+name, logOnly, "record_version_unknown", written(alone(w.t, replace(`"v":1`, `"v":`+version))))
	}
	w.add("record without version", logOnly, "record_version_unknown", written(alone(w.t, replace(`,"v":1`, ``))))
}

// makeMismatches are well written and say what was not so.
func makeMismatches(w *workshop) {
	change := func(name, want string, f func(r *evidence.Receipt)) {
		r := w.witnessed()
		f(&r)
		w.add(name, twoOfThree, want, written(r))
	}
	change("another text", "text_differs", func(r *evidence.Receipt) { r.Text = bytes.Replace(r.Text, []byte("業務"), []byte("私用"), 1) })
	change("text without its last line end", "text_differs", func(r *evidence.Receipt) { r.Text = bytes.TrimSuffix(r.Text, []byte("\n")) })
	change("text missing", "text_differs", func(r *evidence.Receipt) { r.Text = nil })
	change("text empty", "text_differs", func(r *evidence.Receipt) { r.Text = []byte{} })
	change("another declaration", "declaration_differs", func(r *evidence.Receipt) { r.Declaration = append(r.Declaration, '!') })
	change("declaration missing", "declaration_differs", func(r *evidence.Receipt) { r.Declaration = nil })
	change("text and declaration exchanged", "text_differs", func(r *evidence.Receipt) { r.Text, r.Declaration = r.Declaration, r.Text })
	r := alone(w.t, minimal)
	r.Text = []byte("a text that the record does not name")
	w.add("a text that the record does not name", logOnly, "text_differs", written(r))
	r = alone(w.t, minimal)
	r.Declaration = []byte{}
	w.add("a declaration that the record does not name", logOnly, "declaration_differs", written(r))

	change("another salt", "not_in_log", func(r *evidence.Receipt) { r.Salt[31] ^= 1 })
	change("another person in the record", "not_in_log", func(r *evidence.Receipt) {
		r.Record = bytes.ReplaceAll(r.Record, []byte(`"p-1"`), []byte(`"p-2"`))
	})
	change("another time in the record", "not_in_log", func(r *evidence.Receipt) {
		r.Record = bytes.Replace(r.Record, []byte("1775012400123"), []byte("1775012400124"), 1)
	})
	change("the index before", "not_in_log", func(r *evidence.Receipt) { r.Seq-- })
	change("the index behind", "not_in_log", func(r *evidence.Receipt) { r.Seq++ })
	change("an index beyond the log", "not_in_log", func(r *evidence.Receipt) { r.Seq = 7 })
	change("a hash too little", "not_in_log", func(r *evidence.Receipt) { r.Path = r.Path[:2] })
	change("a hash too much", "not_in_log", func(r *evidence.Receipt) { r.Path = append(r.Path, tlog.Hash{}) })
	change("hashes exchanged", "not_in_log", func(r *evidence.Receipt) { r.Path[0], r.Path[1] = r.Path[1], r.Path[0] })
	change("another hash", "not_in_log", func(r *evidence.Receipt) { r.Path[2][0] ^= 1 })
	change("no hashes", "not_in_log", func(r *evidence.Receipt) { r.Path = nil })
	r = w.witnessed()
	r.Checkpoint = cosignedBy(w.t, signedText(w.t, checkpointText(7, tlog.Hash{1}), fixedKey(w.t).Signer), w.witness(0), w.witness(1))
	w.add("a signed checkpoint of another tree", twoOfThree, "not_in_log", written(r))
	r = alone(w.t, minimal)
	r.Checkpoint = signedText(w.t, checkpointText(0, tlog.Hash{}), fixedKey(w.t).Signer)
	w.add("a signed checkpoint of nothing", logOnly, "not_in_log", written(r))
}

// makeSignatures are about who signed the checkpoint.
func makeSignatures(w *workshop) {
	good := w.witnessed()
	text, _, _ := strings.Cut(string(good.Checkpoint), "\n\n")
	text += "\n"
	ours := fixedKey(w.t).Signer
	add := func(name, policy, want string, checkpoint []byte) {
		r := good
		r.Checkpoint = checkpoint
		w.add(name, policy, want, written(r))
	}
	other := keyOf(w.t, "other.example/log", "other")
	add("no known key", stranger, "signature_unknown", good.Checkpoint)
	add("the new key does not vouch for the old", newOnly, "signature_unknown", good.Checkpoint)
	add("signed by a key of another name", stranger, "signature_unknown", signedText(w.t, text, other.Signer))
	add("signed by an impostor", logOnly, "signature_unknown", signedText(w.t, text, keyOf(w.t, origin, "impostor").Signer))
	add("signed by witnesses alone", twoOfThree, "signature_unknown", signedText(w.t, text, w.witness(0), w.witness(1)))
	sig, err := ours.Sign([]byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	wrong := func(sig []byte) []byte { return []byte(text + "\n" + signatureLine(origin, ours.KeyHash(), sig)) }
	flipped := bytes.Clone(sig)
	flipped[5] ^= 1
	add("wrong signature", logOnly, "signature_wrong", wrong(flipped))
	add("signature cut", logOnly, "signature_wrong", wrong(sig[:63]))
	add("signature with a byte more", logOnly, "signature_wrong", wrong(append(bytes.Clone(sig), 0)))
	add("signature in its other form", logOnly, "signature_wrong", wrong(malleated(sig)))
	add("signature over another size", logOnly, "signature_wrong",
		bytes.Replace(signedText(w.t, strings.Replace(text, "\n7\n", "\n8\n", 1), ours), []byte("\n8\n"), []byte("\n7\n"), 1))
	add("one right and one wrong", rotated, "signature_wrong",
		append(signedText(w.t, text, ours), signatureLine(origin, w.newKey().Signer.KeyHash(), flipped)...))
	signed := string(signedText(w.t, text, ours))
	for i := range 100 {
		signed += signatureLine(fmt.Sprintf("w%d.example", i), 1, make([]byte, 1))
	}
	add("a hundred signatures and one", logOnly, "checkpoint_malformed", []byte(signed))
	add("a space of another script in a name", logOnly, "checkpoint_malformed",
		[]byte(string(signedText(w.t, text, ours))+signatureLine("w\u3000example", 1, make([]byte, 72))))
	add("a plus in a name", logOnly, "checkpoint_malformed",
		[]byte(string(signedText(w.t, text, ours))+signatureLine("w+example", 1, make([]byte, 72))))
	add("a tab in the origin", logOnly, "checkpoint_malformed",
		[]byte(strings.Replace(string(signedText(w.t, text, ours)), "city.example", "city\texample", 1)))
}

// malleated adds the group's order to S (RFC 8032, 5.1.7): the same equation,
// another signature.
func malleated(sig []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(sig[32:ed25519.SignatureSize])
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	return append(bytes.Clone(sig[:32]), sum...)
}

// makeQuorums are about the witnesses.
func makeQuorums(w *workshop) {
	good := w.witnessed()
	text, _, _ := strings.Cut(string(good.Checkpoint), "\n\n")
	text += "\n"
	signed := signedText(w.t, text, fixedKey(w.t).Signer)
	add := func(name, policy, want string, checkpoint []byte) {
		r := good
		r.Checkpoint = checkpoint
		w.add(name, policy, want, written(r))
	}
	add("no witness", twoOfThree, "quorum_missing", signed)
	add("one witness of two", twoOfThree, "quorum_missing", cosignedBy(w.t, signed, w.witness(1)))
	add("one witness and a stranger", twoOfThree, "quorum_missing", cosignedBy(w.t, signed, w.witness(1), w.witness(3)))
	add("not that witness", one, "quorum_missing", good.Checkpoint)
	add("two witnesses of all", everybody, "quorum_missing", good.Checkpoint)
	add("outside without inside", nested, "quorum_missing", cosignedBy(w.t, signed, w.witness(1), w.witness(2)))
	add("inside without outside", nested, "quorum_missing", cosignedBy(w.t, signed, w.witness(0)))
	sig, err := w.witness(1).Sign([]byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	third := func(sig []byte) []byte {
		return []byte(string(good.Checkpoint) + signatureLine(w.witness(1).Name(), w.witness(1).KeyHash(), sig))
	}
	late := bytes.Clone(sig)
	late[7]++
	add("cosignature with another time", twoOfThree, "signature_wrong", third(late))
	flipped := bytes.Clone(sig)
	flipped[20] ^= 1
	add("wrong cosignature beside enough", twoOfThree, "signature_wrong", third(flipped))
	add("cosignature without time", twoOfThree, "signature_wrong", third(sig[8:]))
	add("cosignature cut", twoOfThree, "signature_wrong", third(sig[:71]))
	other, err := w.witness(1).Sign([]byte(strings.Replace(text, "\n7\n", "\n8\n", 1)))
	if err != nil {
		w.t.Fatal(err)
	}
	add("cosignature of another checkpoint", twoOfThree, "signature_wrong", third(other))
	add("wrong cosignature that nobody asks for", one, "signature_wrong",
		[]byte(string(cosignedBy(w.t, signed, w.witness(1)))+signatureLine(w.witness(0).Name(), w.witness(0).KeyHash(), flipped)))
}

// makeForeign are files that are no receipts at all.
func makeForeign(w *workshop) {
	w.add("empty", logOnly, "not_receipt", nil)
	w.add("a first line alone", logOnly, "not_receipt", []byte("kokoroe-receipt@v1"))
	w.add("a portable document", logOnly, "not_receipt", []byte("%PDF-1.7\n%âãÏÓ\n"))
	w.add("a picture", logOnly, "not_receipt", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"))
	w.add("zeros", logOnly, "not_receipt", make([]byte, 512))
	w.add("a checkpoint alone", logOnly, "not_receipt", w.read("checkpoint.note"))
	w.add("a record alone", logOnly, "not_receipt", w.read("record.json"))
	wide := []byte{0xff, 0xfe}
	for _, c := range "kokoroe-receipt@v1\n" {
		wide = append(wide, byte(c), 0)
	}
	w.add("two bytes a character", logOnly, "not_receipt", wide)
	good := w.read("acknowledged.receipt")
	for _, pad := range []int{evidence.MaxReceipt + 1, 2 << 20} {
		w.row(vector{Name: fmt.Sprintf("%d bytes", pad), File: "../acknowledged.receipt", Pad: pad, Policy: logOnly}, "too_large",
			append(bytes.Clone(good), bytes.Repeat([]byte(" "), pad-len(good))...))
	}
	w.row(vector{Name: "as large as may be, and wrong", File: "../acknowledged.receipt", Pad: evidence.MaxReceipt, Policy: logOnly}, "line_invalid",
		append(bytes.Clone(good), bytes.Repeat([]byte(" "), evidence.MaxReceipt-len(good))...))
	w.row(vector{Name: "a foreign file of 2 MB", File: "zeros.receipt", Pad: 2 << 20, Policy: logOnly}, "too_large",
		append(make([]byte, 512), bytes.Repeat([]byte(" "), 2<<20-512)...))
}
