package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// visitor is as much of a browser as a sign-in and a form need.
type visitor struct {
	ctx     context.Context // of the cycle
	portal  string          // its origin
	client  *http.Client
	cookies map[string]string // of the portal
	page    *goquery.Document
	address *url.URL
	err     error // the first; nothing is asked for after it
}

func newVisitor(ctx context.Context, portal string) *visitor {
	return &visitor{ctx: ctx, portal: portal, cookies: map[string]string{}, client: &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConnsPerHost: times},
	}}
}

// signIn signs the person with the number in through a provider.
func (v *visitor) signIn(provider, number string) {
	v.open("GET", v.portal+"/sign-in", nil)
	v.open(v.form("/sign-in/"+provider, nil))
	v.open(v.form("", url.Values{"number": {number}}))
}

// open goes to an address and on to where it leads.
func (v *visitor) open(method, address string, form url.Values) {
	for hops := 0; v.err == nil; hops++ {
		answer, err := v.send(method, address, form)
		if err != nil {
			v.err = err
			return
		}
		if v.ours(address) {
			for _, c := range answer.Cookies() {
				v.cookies[c.Name] = c.Value
			}
		}
		to := answer.Header.Get("Location")
		if to == "" {
			v.address = answer.Request.URL
			v.page, err = goquery.NewDocumentFromReader(answer.Body)
			_ = answer.Body.Close()
			if v.err = err; err == nil && answer.StatusCode != http.StatusOK {
				v.err = fmt.Errorf("%s %s answered %s", method, address, answer.Status)
			}
			return
		}
		_ = answer.Body.Close()
		next, err := answer.Request.URL.Parse(to)
		if err != nil || hops > 10 {
			v.err = errors.Join(fmt.Errorf("%s leads to %q, hop %d", address, to, hops), err)
			return
		}
		method, address, form = "GET", next.String(), nil
	}
}

func (v *visitor) ours(address string) bool { return strings.HasPrefix(address, v.portal+"/") }

// send makes one request, and changes nothing in the visitor. The answer's body is open.
func (v *visitor) send(method, address string, form url.Values) (*http.Response, error) {
	request, err := http.NewRequestWithContext(v.ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Language", "ja")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if v.ours(address) {
		for name, value := range v.cookies { // the portal's are Secure, which loopback stands for
			request.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	return v.client.Do(request)
}

// form finds the form of the page that goes to a path, the first one for an
// empty path, and returns what it sends.
func (v *visitor) form(path string, values url.Values) (method, address string, form url.Values) {
	if v.err != nil {
		return "", "", nil
	}
	found := v.page.Find("form[method=post]").FilterFunction(func(_ int, s *goquery.Selection) bool {
		return path == "" || s.AttrOr("action", "") == path
	}).First()
	to, err := v.address.Parse(found.AttrOr("action", ""))
	if err != nil || found.Length() == 0 {
		v.err = errors.Join(fmt.Errorf("no form for %q on %s", path, v.address), err)
		return "", "", nil
	}
	form = url.Values{}
	found.Find("input[type=hidden]").Each(func(_ int, s *goquery.Selection) {
		form.Set(s.AttrOr("name", ""), s.AttrOr("value", ""))
	})
	for name, list := range values {
		form[name] = list
	}
	return http.MethodPost, to.String(), form
}
