package mongodb_test

import (
	"net"
	"strings"
	"testing"

	"kokoroe/app/fault"
)

func TestWrongAddresses(t *testing.T) {
	for _, uri := range []string{
		"", "mongodb:", "mongodb://", "http://host/db", "mongodb://host", "mongodb://host/", "mongodb://host/?tls=true",
		"mongodb://host:port/db", "mongodb://host/db?maxPoolSize=many", "mongodb://host/%zz", "mongodb://host/a b",
		"mongodb://host/a.b", "mongodb://host/a$b", "mongodb://host/" + strings.Repeat("x", 64),
		"mongodb://user:p@ss/w0rd@host/db", "mongodb://user:hunter2@host", "mongodb://user:hunter2@host/db?authMechanism=none",
		"mongodb://user:hunter2%zz@host/db", "mongodb://user:w0rd?hunter2@host/db", "mongodb://user:w0rd:hunter2@host/db",
		"mongodb://host/db?tlsCertificateKeyFile=/nowhere&tlsCertificateKeyFilePassword=hunter2",
	} {
		err := refused(t, uri, "mongodb.address_invalid", fault.Invalid)
		for _, secret := range []string{"hunter2", "w0rd", "p@ss"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error tells the password: %v", uri, err)
			}
		}
	}
}

func TestNobodyAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	address := listener.Addr().String()
	check(t, listener.Close())
	err = refused(t, "mongodb://user:hunter2@"+address+"/kokoroe", "mongodb.unreachable", fault.Unavailable)
	if strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), address) {
		t.Error(err)
	}
}
