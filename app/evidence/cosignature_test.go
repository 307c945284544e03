package evidence_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// The example of the specification (C2SP tlog-cosignature) carries its times in
// the open: 1679315147 is in the message that it prints.
const specified = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

// fixedWitness is the same in every run. It signs nothing but test data.
func fixedWitness(t testing.TB, name string) *evidence.Cosigner {
	t.Helper()
	seed := []byte(strings.Repeat("witness "+name+" test data ", 3)[:32])
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	c, err := evidence.NewCosigner(fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", name, keyHash(name, 4, public),
		base64.StdEncoding.EncodeToString(append([]byte{4}, seed...))), clock)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCosignatureRoundTrip(t *testing.T) {
	secret, public, err := evidence.NewWitnessKey("witness.example/1")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewCosigner(secret, clock)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := evidence.NewCosignatureVerifier(public)
	if err != nil || signer.Public() != public {
		t.Fatalf("%q, want %q: %v", signer.Public(), public, err)
	}
	msg, err := note.Sign(&note.Note{Text: specified}, signer)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil || len(n.Sigs) != 1 {
		t.Fatalf("%+v, %v", n, err)
	}
	if at, err := evidence.CosignedAt(n.Sigs[0]); err != nil || !at.Equal(clock().Truncate(time.Second)) {
		t.Errorf("cosigned at %v, %v", at, err)
	}
}

// What is signed is spelt out here once more, from the specification.
func TestCosignatureFollowsTheSpecification(t *testing.T) {
	seed := []byte("another seed of test data, of 32")
	private := ed25519.NewKeyFromSeed(seed)
	public := private.Public().(ed25519.PublicKey)
	vkey := "w.example+" + keyHash("w.example", 4, public) + "+" + base64.StdEncoding.EncodeToString(append([]byte{4}, public...))
	v, err := evidence.NewCosignatureVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(seconds uint64, message string) []byte {
		return append(binary.BigEndian.AppendUint64(nil, seconds), ed25519.Sign(private, []byte(message))...)
	}
	if !v.Verify([]byte(specified), sign(1679315147, "cosignature/v1\ntime 1679315147\n"+specified)) {
		t.Error("the specified message is refused")
	}
	for name, sig := range map[string][]byte{
		"another time":     sign(1679315148, "cosignature/v1\ntime 1679315147\n"+specified),
		"no time":          sign(0, specified),
		"a padded time":    sign(7, "cosignature/v1\ntime 07\n"+specified),
		"a time too large": sign(1<<63, fmt.Sprintf("cosignature/v1\ntime %d\n", uint64(1<<63))+specified),
		"without the time": ed25519.Sign(private, []byte(specified)),
		"nothing":          nil,
	} {
		if v.Verify([]byte(specified), sig) {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestWitnessKeysAreReadStrictly(t *testing.T) {
	w := fixedWitness(t, "w1.example")
	good := w.Public()
	name, rest, _ := strings.Cut(good, "+")
	hash, data, _ := strings.Cut(rest, "+")
	for what, vkey := range map[string]string{
		"nothing": "", "no hash": name + "+" + data, "another name": "w2.example+" + hash + "+" + data,
		"another hash": name + "+00000000+" + data, "hash with a zero more": name + "+0" + hash + "+" + data,
		"a log's key": fixedKey(t).Public, "cut off": good[:len(good)-4], "a space behind": good + " ",
		"no name": "+" + hash + "+" + data, "a name with a space": "w1 example+" + hash + "+" + data,
	} {
		_, err := evidence.NewCosignatureVerifier(vkey)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s is accepted: %v", what, err)
		}
	}
	for _, name := range []string{"", "a b", "a+b", "a\nb", "\xff"} {
		_, _, err := evidence.NewWitnessKey(name)
		wantFault(t, err, fault.Invalid, "evidence.witness_key_invalid")
	}
	secret, _, err := evidence.NewWitnessKey("w")
	if err != nil {
		t.Fatal(err)
	}
	logSecret, _, err := evidence.NewSigningKey("w")
	if err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]string{
		"nothing": "", "a log's secret": logSecret, "cut off": secret[:len(secret)-4],
		"another name": strings.Replace(secret, "+w+", "+v+", 1),
	} {
		_, err := evidence.NewCosigner(s, clock)
		wantFault(t, err, fault.Invalid, "evidence.witness_key_invalid")
		if strings.Contains(err.Error(), secret[len(secret)-20:]) {
			t.Errorf("%s: the error holds the secret", what)
		}
	}
}

func FuzzNewCosignatureVerifier(f *testing.F) {
	good := fixedWitness(f, "w1.example").Public()
	f.Add(good)
	f.Add(fixedKey(f).Public)
	f.Fuzz(func(t *testing.T, vkey string) {
		v, err := evidence.NewCosignatureVerifier(vkey)
		if err == nil && !strings.HasPrefix(vkey, fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash())) {
			t.Fatalf("%q is read as %s+%08x", vkey, v.Name(), v.KeyHash())
		}
	})
}
