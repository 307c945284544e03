package mongodb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kokoroe/app/fault"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/mongodb/engine"
)

// authority signs certificates.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	file        string // with the certificate
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	certificate, err := x509.ParseCertificate(der)
	check(t, err)
	file := filepath.Join(t.TempDir(), "authority.pem")
	check(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return authority{key, certificate, file}
}

// issue makes the certificate of a server, or of a user, as of a moment.
func (a authority) issue(t *testing.T, at time.Time, address net.IP) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "mongodb"}, IPAddresses: []net.IP{address},
		NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	check(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// behindTLS speaks TLS before the engine, and returns its address.
func behindTLS(t *testing.T, uri string, c *tls.Config) string {
	t.Helper()
	_, rest, _ := strings.Cut(uri, "://")
	hosts, _, _ := strings.Cut(rest, "/")
	host, err := url.PathUnescape(hosts)
	check(t, err)
	network := "tcp"
	if strings.HasPrefix(host, "/") {
		network = "unix"
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", c)
	check(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				server, err := net.Dial(network, host)
				if err != nil {
					return
				}
				go func() {
					_, _ = io.Copy(client, server)
					_ = client.Close()
				}()
				_, _ = io.Copy(server, client)
				_ = server.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

// TestTLS is as the address says: the authority of the city's own, the host that
// the certificate must name, a certificate for the user.
func TestTLS(t *testing.T) {
	uri := engine.Database(t)
	check(t, open(t, uri).Close())
	_, rest, _ := strings.Cut(uri, "://")
	_, path, _ := strings.Cut(rest, "/")
	city, other := newAuthority(t, "city"), newAuthority(t, "other")
	here, elsewhere := net.IPv4(127, 0, 0, 1), net.IPv4(192, 0, 2, 1)
	user := city.issue(t, time.Now(), here)
	key, err := x509.MarshalPKCS8PrivateKey(user.PrivateKey)
	check(t, err)
	userFile := filepath.Join(t.TempDir(), "user.pem")
	check(t, os.WriteFile(userFile, append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: user.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...), 0o600))
	users := x509.NewCertPool()
	users.AddCert(city.certificate)

	for _, c := range []struct {
		name    string
		server  tls.Certificate
		demands bool // a certificate of the user
		options string
		says    string // empty: it opens
		kind    fault.Kind
	}{
		{"of the city's own authority", city.issue(t, time.Now(), here), false, "&tlsCAFile=" + city.file, "", 0},
		{"with a certificate of the user", city.issue(t, time.Now(), here), true, "&tlsCAFile=" + city.file + "&tlsCertificateKeyFile=" + userFile, "", 0},
		{"of an authority that nobody trusts", city.issue(t, time.Now(), here), false, "&tlsCAFile=" + other.file, "mongodb.certificate_refused", fault.Invalid},
		{"of no authority of this machine's", city.issue(t, time.Now(), here), false, "", "mongodb.certificate_refused", fault.Invalid},
		{"of another host", city.issue(t, time.Now(), elsewhere), false, "&tlsCAFile=" + city.file, "mongodb.certificate_refused", fault.Invalid},
		{"that has expired", city.issue(t, time.Now().Add(-3*time.Hour), here), false, "&tlsCAFile=" + city.file, "mongodb.certificate_refused", fault.Invalid},
		{"without the certificate of the user", city.issue(t, time.Now(), here), true, "&tlsCAFile=" + city.file, "mongodb.unreachable", fault.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := &tls.Config{Certificates: []tls.Certificate{c.server}, MinVersion: tls.VersionTLS12}
			if c.demands {
				config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, users
			}
			through := "mongodb://" + behindTLS(t, uri, config) + "/" + path + "&tls=true" + c.options
			if c.says != "" {
				_ = refused(t, through, c.says, c.kind)
				return
			}
			s, err := mongodb.Open(t.Context(), mongodb.Config{URI: through})
			check(t, err)
			t.Cleanup(func() { check(t, s.Close()) })
			check(t, s.KeepText(t.Context(), "d", []byte("x")))
			if text, err := s.KeptText(t.Context(), "d"); err != nil || string(text) != "x" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	if _, err := mongodb.Open(t.Context(), mongodb.Config{URI: "mongodb://" + behindTLS(t, uri, &tls.Config{
		Certificates: []tls.Certificate{city.issue(t, time.Now(), here)}, MinVersion: tls.VersionTLS12,
	}) + "/" + path, Limit: 2 * time.Second}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without TLS: %v", err)
	}
}
