package evidence_test

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
)

// policyOf asks for the log's fixed key and two of three witnesses.
func policyOf(t testing.TB) evidence.TrustPolicy {
	return evidence.TrustPolicy{
		Logs: []string{fixedKey(t).Public},
		Witnesses: []evidence.TrustedWitness{
			{Name: "audit", Key: fixedWitness(t, "audit.city.example/w").Public()},
			{Name: "prefecture", Key: fixedWitness(t, "witness.pref.example").Public()},
			{Name: "university", Key: fixedWitness(t, "tlog.univ.example").Public()},
		},
		Groups: []evidence.WitnessGroup{{Name: "two-of-three", Threshold: 2, Members: []string{"audit", "prefecture", "university"}}},
		Quorum: "two-of-three",
	}
}

func TestTrustPolicyRoundTrip(t *testing.T) {
	p := policyOf(t)
	b, err := evidence.FormatTrustPolicy(p)
	if err != nil {
		t.Fatal(err)
	}
	again, err := evidence.ParseTrustPolicy(b)
	if err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("read again as %+v, %v", again, err)
	}
	commented := "# whom the auditor believes\n\n" + strings.Replace(string(b), " ", "\t", 1)
	if again, err = evidence.ParseTrustPolicy([]byte(commented)); err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("with comments read as %+v, %v", again, err)
	}
	p.Quorum = "nobody"
	_, err = evidence.FormatTrustPolicy(p)
	wantFault(t, err, fault.Invalid, "trust.quorum_unknown")
}

func TestTrustPolicyNamesTheLine(t *testing.T) {
	log, w1, w2 := "log "+fixedKey(t).Public+"\n", fixedWitness(t, "w1.example").Public(), fixedWitness(t, "w2.example").Public()
	twin := renamed(t, w1, "w9.example")
	cases := []struct {
		name, policy, message string
		line                  int
	}{
		{"empty", "", "trust.log_missing", 1},
		{"too large", strings.Repeat("#\n", evidence.MaxTrustPolicy), "trust.too_large", 0},
		{"no log", "quorum none\n", "trust.log_missing", 2},
		{"no quorum", log, "trust.quorum_missing", 2},
		{"cut off", log + "quorum none", "trust.line_end", 2},
		{"windows line ends", "#\n" + strings.ReplaceAll(log, "\n", "\r\n") + "quorum none\n", "trust.not_text", 2},
		{"binary", log + "\xff\xfe\n", "trust.not_text", 2},
		{"byte order mark", "\ufeff" + log, "trust.keyword_unknown", 1},
		{"unknown word", log + "Quorum none\n", "trust.keyword_unknown", 2},
		{"two spaces", strings.Replace(log, " ", "  ", 1), "trust.line_invalid", 1},
		{"space at the end", log + "quorum none \n", "trust.line_invalid", 2},
		{"space at the start", " " + log, "trust.keyword_unknown", 1},
		{"witness's key for the log", "log " + w1 + "\n", "trust.key_invalid", 1},
		{"log's key for a witness", log + "witness a " + fixedKey(t).Public + "\n", "trust.key_invalid", 2},
		{"key's hash in capitals", strings.Replace(log, "1395e4fd", "1395E4FD", 1), "trust.key_invalid", 1},
		{"another key's hash", strings.Replace(log, "1395e4fd", "1395e4fe", 1), "trust.key_invalid", 1},
		{"repeated log", log + log, "trust.key_repeated", 2},
		{"repeated witness key", log + "witness a " + w1 + "\nwitness b " + twin + "\n", "trust.key_repeated", 3},
		{"repeated name", log + "witness a " + w1 + "\nwitness a " + w2 + "\n", "trust.name_repeated", 3},
		{"group with a witness's name", log + "witness a " + w1 + "\ngroup a 1 a\n", "trust.name_repeated", 3},
		{"name with a slash", log + "witness a/b " + w1 + "\n", "trust.name_invalid", 2},
		{"witness called none", log + "witness none " + w1 + "\n", "trust.name_invalid", 2},
		{"undefined member", log + "witness a " + w1 + "\ngroup g all a b\n", "trust.member_unknown", 3},
		{"group in itself", log + "witness a " + w1 + "\ngroup g any a g\n", "trust.member_unknown", 3},
		{"member twice", log + "witness a " + w1 + "\ngroup g 2 a a\n", "trust.member_unknown", 3},
		{"group of nobody", log + "group g any\n", "trust.line_invalid", 2},
		{"none of them", log + "witness a " + w1 + "\ngroup g 0 a\n", "trust.threshold_invalid", 3},
		{"more than there are", log + "witness a " + w1 + "\ngroup g 2 a\n", "trust.threshold_invalid", 3},
		{"number with a zero", log + "witness a " + w1 + "\ngroup g 01 a\n", "trust.threshold_invalid", 3},
		{"number with a sign", log + "witness a " + w1 + "\ngroup g +1 a\n", "trust.threshold_invalid", 3},
		{"undefined quorum", log + "quorum all\n", "trust.quorum_unknown", 2},
		{"repeated quorum", log + "quorum none\nquorum none\n", "trust.after_quorum", 3},
		{"something behind", log + "quorum none\n\nwitness a " + w1 + "\n", "trust.after_quorum", 4},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := evidence.ParseTrustPolicy([]byte(c.policy))
			wantFault(t, err, fault.Invalid, c.message)
			if got, _ := err.(*fault.Error).Args["Line"].(int); got != c.line {
				t.Errorf("line %d, want %d", got, c.line)
			}
		})
	}
}

// renamed is the witness's key under another name.
func renamed(t testing.TB, vkey, name string) string {
	t.Helper()
	encoded := strings.SplitN(vkey, "+", 3)[2]
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return name + "+" + keyHash(name, 4, data[1:]) + "+" + encoded
}

// Whatever is read as a policy is written so that the same is read again.
func FuzzParseTrustPolicy(f *testing.F) {
	b, err := evidence.FormatTrustPolicy(policyOf(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("# nobody\nlog " + fixedKey(f).Public + "\nquorum none\n"))
	f.Add([]byte("group g 1 a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := evidence.ParseTrustPolicy(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("error %v", err)
			}
			return
		}
		b, err := evidence.FormatTrustPolicy(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := evidence.ParseTrustPolicy(b)
		if err != nil || !reflect.DeepEqual(again, p) || !bytes.HasSuffix(b, []byte("\n")) {
			t.Fatalf("read again as %+v, %v", again, err)
		}
	})
}

// A mutated receipt proves nothing that the original does not: it is refused, or
// all that was changed is a line that the policy ignores.
func TestMutatedReceiptsAreRefusedUnderAPolicy(t *testing.T) {
	good := cosignedReceipt(t)
	p := policyOf(t)
	want, err := p.Verify(good)
	if err != nil || len(want.Witnesses) != 2 {
		t.Fatalf("%+v, %v", want, err)
	}
	original := written(good)
	r := rand.New(rand.NewPCG(2026, 11))
	came, ignored := 0, 0
	for i := range 10_000 {
		bad := mutate(r, original)
		receipt, err := evidence.ParseReceipt(bad)
		if err != nil || bytes.Equal(bad, original) {
			continue
		}
		came++
		got, err := p.Verify(receipt)
		if err != nil {
			if _, ok := evidence.RefusalOf(err); !ok {
				t.Fatalf("mutation %d: %v", i, err)
			}
			continue
		}
		ignored++
		if !reflect.DeepEqual(got, want) || !bytes.Equal(receipt.Text, good.Text) || !bytes.Equal(receipt.Declaration, good.Declaration) {
			t.Fatalf("mutation %d is accepted:\n%s", i, bad)
		}
	}
	if came < 1000 || ignored > came/10 {
		t.Errorf("%d came as far as the mathematics, %d were as good as the original", came, ignored)
	}
}

func cosignedReceipt(t testing.TB) evidence.Receipt {
	t.Helper()
	_, l := goldenLog(t)
	r := parsed(t, receiptOf(t, l, 3))
	r.Checkpoint = cosignedBy(t, r.Checkpoint, fixedWitness(t, "audit.city.example/w"), fixedWitness(t, "tlog.univ.example"))
	return r
}
