package main

import (
	"os"
	"strings"
	"testing"
)

func TestMailSettings(t *testing.T) {
	providers := write(t, "providers.yaml", "providers:\n  - {id: city, issuer: \"https://sso.example\", client_id: k, title: {ja: 職員}}\n")
	secret := write(t, "password", "canary-password-7k\n")
	open := write(t, "open", "canary-password-8k\n")
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no server":             {[]string{"--mail-from", "k@city.example"}, exitFailed, "without --mail-server"},
		"no sender":             {[]string{"--mail-server", "mx.example:587"}, exitFailed, "mail sender"},
		"no port":               {[]string{"--mail-server", "mx.example", "--mail-from", "k@city.example"}, exitFailed, "HOST:PORT"},
		"no TLS to elsewhere":   {[]string{"--mail-server", "mx.example:25", "--mail-from", "k@city.example", "--mail-tls", "none"}, exitFailed, "this machine"},
		"unknown TLS":           {[]string{"--mail-server", "mx.example:25", "--mail-from", "k@city.example", "--mail-tls", "maybe"}, exitUsage, "starttls"},
		"no password":           {[]string{"--mail-server", "mx.example:587", "--mail-from", "k@city.example", "--mail-user", "k"}, exitFailed, "needs a password"},
		"password without user": {[]string{"--mail-server", "mx.example:587", "--mail-from", "k@city.example", "--mail-password-file", secret}, exitFailed, "needs a password"},
		"password of others":    {[]string{"--mail-server", "mx.example:587", "--mail-from", "k@city.example", "--mail-user", "k", "--mail-password-file", open}, exitFailed, "may be read by others"},
		"no password file":      {[]string{"--mail-server", "mx.example:587", "--mail-from", "k@city.example", "--mail-user", "k", "--mail-password-file", secret + "x"}, exitUsage, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"serve", "--base-url", "https://k.example", "--providers", providers, "--data", t.TempDir()}, tc.args...)
			code, stdout, stderr := command(t, args...)
			if code != tc.code || !strings.Contains(stderr, tc.says) {
				t.Errorf("exit %d, want %d and %q:\n%s%s", code, tc.code, tc.says, stdout, stderr)
			}
			if strings.Contains(stdout+stderr, "canary-password") {
				t.Errorf("the password is told: %s%s", stdout, stderr)
			}
		})
	}
}
