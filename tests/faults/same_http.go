package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app/demo"
	"kokoroe/app/evidence"
)

const signPath = "/policies/basic-policy"

// sameOverHTTP lets one person press the button many times at once, signed in at
// three whole portals that share a folder.
func sameOverHTTP(ctx context.Context, t *trial) (err error) {
	t.means = "three times `kokoroe demo` on one folder"
	folder := filepath.Join(t.folder, fmt.Sprint(t.cycle))
	var portals []*demo.Demo
	var running sync.WaitGroup
	serving, stop := context.WithCancel(ctx)
	defer func() {
		stop()
		running.Wait()
	}()
	for range several {
		d, err := demo.Open(ctx, demo.Config{
			Folder: folder, Listen: "127.0.0.1:0", Empty: true, Version: "faults", Logger: slog.New(slog.DiscardHandler),
			// A day on which everybody is asked.
			Now: func() time.Time { return time.Date(2026, time.November, 22, 1, 0, 0, 0, time.UTC) },
		})
		if err != nil {
			return err
		}
		portals = append(portals, d)
		running.Go(func() { _ = d.Run(serving) })
	}
	employee, ok := portals[0].As("employee")
	if !ok {
		return errors.New("the sample city has no employee")
	}
	var visitors []*visitor
	var forms []url.Values
	defer func() {
		for _, v := range visitors {
			v.client.CloseIdleConnections()
		}
	}()
	for _, p := range portals {
		v := newVisitor(ctx, p.URL)
		v.signIn(employee.Provider, employee.Number)
		v.open("GET", p.URL+signPath, nil)
		_, _, form := v.form(signPath+"/acknowledgement", nil)
		visitors, forms = append(visitors, v), append(forms, form)
		if v.err != nil {
			return v.err
		}
	}
	var callers sync.WaitGroup
	places, errs := make([]string, times), make([]error, times)
	for i := range times {
		callers.Go(func() { places[i], errs[i] = visitors[i%several].press(forms[i%several]) })
	}
	callers.Wait()
	if err := errors.Join(errs...); err != nil {
		t.fail("not all are answered: %v", err)
		return nil
	}
	t.faults += times
	t.acknowledged++
	for _, place := range places {
		if place != places[0] {
			t.doubled++
			t.fail("one acknowledgement has the receipts %s and %s", place, places[0])
		}
	}
	size, err := portals[1].App.Store.LogSize(ctx)
	if err != nil || size != 1 {
		t.lost += int(max(1-size, 0))
		t.doubled += int(max(size-1, 0))
		t.fail("%d records of one acknowledgement (%v)", size, err)
	}
	return t.downloads(ctx, portals, visitors, places[0])
}

// press sends the form and returns where the receipt is.
func (v *visitor) press(form url.Values) (place string, err error) {
	answer, err := v.send(http.MethodPost, v.portal+signPath+"/acknowledgement", form)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	place = answer.Header.Get("Location")
	if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(place, "/receipts/") {
		return "", fmt.Errorf("%s answered %s and leads to %q", v.portal, answer.Status, place)
	}
	return place, nil
}

// downloads fetches the receipt from each portal and verifies it.
func (t *trial) downloads(ctx context.Context, portals []*demo.Demo, visitors []*visitor, place string) error {
	if _, err := portals[0].App.Log.Checkpoint(ctx); err != nil {
		return err
	}
	key, err := note.NewVerifier(portals[0].App.Keys.Public)
	if err != nil {
		return err
	}
	for _, v := range visitors {
		answer, err := v.send(http.MethodGet, v.portal+place+"/file", nil)
		if err != nil {
			return err
		}
		file, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		var r evidence.Receipt
		if err == nil {
			r, err = evidence.ParseReceipt(file)
		}
		if err == nil {
			_, err = r.Verify(note.VerifierList(key))
		}
		if err != nil {
			t.fail("the receipt %s of %s: %v", place, v.portal, err)
			continue
		}
		t.receipts++
	}
	return nil
}
