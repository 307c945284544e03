package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store"
)

// hostile is text that a database may take for a command, a name or a pattern.
// Such text is kept as it is.
var hostile = map[string]string{
	"operator":         "$ne",
	"code":             "$where",
	"operator object":  `{"$gt":""}`,
	"code object":      `{"$where":"sleep(1)"}`,
	"field":            "$_id",
	"variable":         "$$ROOT",
	"dotted":           "entries.0.key",
	"dotted operators": "$a.$.$[]",
	"SQL":              `'; DROP TABLE session; --`,
	"pattern":          `.*%_[a-z]`,
}

// looking are the methods that keep no text of their arguments: they read, or
// remove. Every other method that takes one keeps it or refuses it.
var looking = map[string]bool{
	"Attempt": true, "Attempts": true, "ClaimMessage": true, "CountEntries": true, "CountMessages": true, "CountRange": true, "DeleteMessages": true,
	"EditionHeld": true, "EndSession": true, "EndSessions": true, "EntryByKey": true, "EntrySeqs": true, "ErasePerson": true, "FindEntries": true,
	"FindMessages": true, "KeptText": true, "LastCosigned": true, "Link": true, "ListMessages": true, "Messages": true, "OldestMessage": true, "Place": true, "Places": true,
	"PublishedText": true, "Runs": true, "RunsUntil": true, "Session": true, "TakeLogin": true, "TouchSession": true,
}

// replacing are the methods whose text the next call replaces: each text is read
// back by a call behind it.
var replacing = map[string]bool{"KeepSettings": true}

// dropped are the fields that a method does not keep.
var dropped = map[string]bool{"ClaimRun Outcome": true, "ClaimRun Report": true, "RenewRun Outcome": true, "RenewRun Report": true}

// prepared are methods that want something there already, which another method
// keeps under the same harmless texts.
var prepared = map[string]string{"EndRun": "ClaimRun", "RenewRun": "ClaimRun", "UpdateAttempt": "OpenAttempt"}

var hostileContracts = []contract{
	{"hostile text in every field of every method is kept or refused, and never obeyed", func(t *testing.T, s store.Store) {
		Hostile(t, s, hostile, broken)
		for _, text := range hostile {
			_, err := s.KeepSettings(background, text)
			noError(t, err)
			same(t, value[string](t)(s.KeepSettings(background, "replaced")), text)
		}
	}},
}

// attempt is one call with a text in one place.
type attempt struct {
	method, what, text string
	others             []string
	accepted, vacant   bool
}

// Hostile puts each text into each field of the arguments of each method of a
// store, the rest filled with harmless text: fields and methods that will be
// added are in it by themselves. Texts that are kept are found again byte for
// byte; refused ones, and all that are never to be kept, are found nowhere; and
// nothing that was there before is found, changed or removed by any of them.
func Hostile(t *testing.T, s store.Store, texts, never map[string]string) {
	t.Helper()
	fill(t, s)
	before := everything(t, s)
	var all []attempt
	for i := range reflect.TypeFor[store.Store]().NumMethod() {
		method := reflect.TypeFor[store.Store]().Method(i)
		if method.Name == "Pieces" || method.Name == "Close" {
			continue
		}
		for slot, field := range slots(t, s, method.Name) {
			for _, list := range []map[string]string{texts, never} {
				for _, name := range sortedKeys(list) {
					text := fmt.Sprintf("%s %d", list[name], len(all))
					_, refused := never[name]
					all = append(all, tried(t, s, before, attempt{method: method.Name, text: text, what: fmt.Sprintf("%s, %s %d, %s", method.Name, field, slot, name),
						vacant: dropped[method.Name+" "+field]}, slot, len(all), refused))
				}
			}
		}
	}
	now := everything(t, s)
	for text := range before {
		if !now[text] {
			t.Errorf("%q was there, and is not any more", text)
		}
	}
	kept := 0
	for _, a := range all {
		switch found := now[a.text] || a.accepted && !looking[a.method] && readAgain(t, s, a); {
		case found && (!a.accepted || looking[a.method]):
			t.Errorf("%s: it was not accepted, and is kept", a.what)
		case !found && a.accepted && !a.vacant && !looking[a.method] && !replacing[a.method]:
			t.Errorf("%s: it was accepted, and is not found again", a.what)
		case found:
			kept++
		}
	}
	if len(all) < 100*len(never) || len(texts) > 0 && kept < 50*len(texts) {
		t.Errorf("only %d calls, and %d texts kept", len(all), kept)
	}
	t.Logf("%d calls, %d texts kept", len(all), kept)
}

// tried makes one call.
func tried(t *testing.T, s store.Store, before map[string]bool, a attempt, slot, n int, never bool) attempt {
	t.Helper()
	f := &filling{t: t, slot: slot, n: n, text: a.text, seq: value[int64](t)(s.LogSize(background))}
	if first := prepared[a.method]; first != "" {
		(&filling{t: t, slot: -1, n: n}).call(s, first)
	}
	out := f.call(s, a.method)
	a.others, a.vacant = f.texts, a.vacant || f.vacant
	err, _ := out[len(out)-1].Interface().(error)
	a.accepted = err == nil
	if len(a.text) > 1<<20 && (!a.accepted || looking[a.method]) {
		a.text, a.others = "", nil // there is no room for many of these
	}
	if !a.accepted {
		if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", a.what, err)
		}
		return a
	}
	if never && !looking[a.method] && !a.vacant {
		t.Errorf("%s: accepted", a.what)
	}
	answer := map[string]bool{}
	for _, v := range out[:len(out)-1] {
		collect(v, answer)
	}
	for text := range answer {
		if before[text] && !replacing[a.method] {
			t.Errorf("%s: finds %q, which is something else", a.what, text)
		}
	}
	return a
}

// slots are the places in which a method takes text, by their fields.
func slots(t *testing.T, s store.Store, method string) []string {
	f := &filling{t: t, slot: -1}
	f.arguments(s, method)
	return f.fields
}

// readAgain looks for what is short-lived by each text that it may have as a key.
func readAgain(t *testing.T, s store.Store, a attempt) bool {
	t.Helper()
	if a.method == "UseOnce" {
		return !value[bool](t)(s.UseOnce(background, a.text, at))
	}
	found := map[string]bool{}
	for _, key := range append([]string{a.text}, a.others...) {
		for _, read := range []func() (any, error){
			func() (any, error) { return s.Session(background, key) },
			func() (any, error) { return s.TakeLogin(background, key) },
			func() (any, error) { return s.LastCosigned(background, key) },
		} {
			if v, err := read(); err == nil {
				collect(reflect.ValueOf(v), found)
			}
		}
		if found[a.text] {
			return true
		}
	}
	return false
}

// everything is each text that is kept, but for what is short-lived, and of that
// what fill put there.
func everything(t *testing.T, s store.Store) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, p := range visited(t, s) {
		collect(reflect.ValueOf(p), all)
	}
	size := value[int64](t)(s.LogSize(background))
	for seq := int64(0); seq < size; {
		entries := value[[]evidence.Entry](t)(s.EntriesFrom(background, seq, 500))
		collect(reflect.ValueOf(entries), all)
		seq += int64(len(entries))
	}
	collect(reflect.ValueOf(value[[]evidence.Checkpoint](t)(s.Checkpoints(background, 0, 1000))), all)
	if v, err := s.Session(background, "old"); err == nil {
		collect(reflect.ValueOf(v), all)
	}
	delete(all, "")
	return all
}

// collect gathers the texts of a value.
func collect(v reflect.Value, into map[string]bool) {
	switch v.Kind() {
	case reflect.String:
		if v.String() != "" {
			into[v.String()] = true
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			collect(v.Elem(), into)
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), into)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			collect(v.Field(i), into)
		}
	default:
	}
}

// filling fills the arguments of a call.
type filling struct {
	t      *testing.T
	slot   int    // the place for the text; the others are harmless
	text   string // what stands there
	n      int    // of the call: nothing in it is what another call has
	seq    int64  // the end of the log
	texts  []string
	field  string   // that is being filled
	fields []string // of the texts
	vacant bool     // the method gave the place another text
}

func (f *filling) call(s store.Store, method string) []reflect.Value {
	return reflect.ValueOf(s).MethodByName(method).Call(f.arguments(s, method))
}

func (f *filling) arguments(s store.Store, method string) []reflect.Value {
	of := reflect.ValueOf(s).MethodByName(method).Type()
	args := []reflect.Value{reflect.ValueOf(background)}
	for i := 1; i < of.NumIn(); i++ {
		f.field = "argument"
		args = append(args, f.value(of.In(i)))
	}
	if method == "ApplyRoster" {
		args[1] = reflect.ValueOf(value[int64](f.t)(s.RosterRevision(background)))
	}
	return args
}

// value fills one of everything. Times lie before everything that fill put there.
func (f *filling) value(of reflect.Type) reflect.Value {
	f.t.Helper()
	v := reflect.New(of).Elem()
	switch {
	case of == reflect.TypeFor[time.Time]():
		return reflect.ValueOf(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC))
	case of == reflect.TypeFor[calendar.Date]():
		return reflect.ValueOf(calendar.NewDate(2026, time.April, 1))
	case of == reflect.TypeFor[store.Piece]():
		// One of its fields is set: the one in which the place is.
		return f.piece(of)
	}
	switch of.Kind() {
	case reflect.String:
		text := fmt.Sprintf("harmless %d %d", f.n, len(f.texts))
		if len(f.texts) == f.slot {
			text = f.text
		}
		f.texts, f.fields = append(f.texts, text), append(f.fields, f.field)
		v.SetString(text)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte("x"))
			break
		}
		v.Set(reflect.Append(v, f.value(of.Elem())))
	case reflect.Pointer:
		v.Set(reflect.New(of.Elem()))
		v.Elem().Set(f.value(of.Elem()))
	case reflect.Struct:
		for i := range of.NumField() {
			f.field = of.Field(i).Name
			v.Field(i).Set(f.value(of.Field(i).Type))
		}
		if of == reflect.TypeFor[evidence.Entry]() {
			v.FieldByName("Seq").SetInt(f.seq)
		}
	case reflect.Func:
		v.Set(f.update(of))
	case reflect.Bool:
	default:
		f.t.Fatalf("nobody has said how to fill %v", of)
	}
	return v
}

func (f *filling) piece(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	for i := range of.NumField() {
		first := len(f.texts)
		field := f.value(of.Field(i).Type)
		if f.slot >= first && f.slot < len(f.texts) {
			v.Field(i).Set(field)
		}
	}
	return v
}

// update is a function that a method gives what is kept, and that fills what is
// not set in it.
func (f *filling) update(of reflect.Type) reflect.Value {
	filled := f.value(of.In(0))
	return reflect.MakeFunc(of, func(args []reflect.Value) []reflect.Value {
		v := reflect.New(of.In(0)).Elem()
		v.Set(args[0])
		for i := range v.NumField() {
			switch {
			case v.Field(i).IsZero(), v.Field(i).Kind() == reflect.Slice:
				v.Field(i).Set(filled.Field(i))
			case filled.Field(i).Kind() == reflect.String && strings.Contains(filled.Field(i).String(), f.text):
				f.vacant = true
			}
		}
		return []reflect.Value{v, reflect.Zero(of.Out(1))}
	})
}
