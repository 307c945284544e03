package main

import (
	"errors"
	"fmt"

	"kokoroe/app/evidence"
	"kokoroe/app/notify/smtp"
)

// mailServer says how receipts and reminders are mailed.
type mailServer struct {
	MailServer       string `help:"Mail server, HOST:PORT, such as smtp.city.example:587. Without it no mail is sent." env:"KOKOROE_MAIL_SERVER" placeholder:"HOST:PORT"`
	MailFrom         string `help:"Sender of mail, such as kokoroe@city.example; bounces go there too." env:"KOKOROE_MAIL_FROM" placeholder:"ADDRESS"`
	MailUser         string `help:"Name that the mail server knows us by; without it none is given." env:"KOKOROE_MAIL_USER" placeholder:"NAME"`
	MailPasswordFile string `help:"File with the password for the mail server, which only its owner may read." type:"existingfile" env:"KOKOROE_MAIL_PASSWORD_FILE" placeholder:"FILE"`
	MailTLS          string `name:"mail-tls" help:"How the way to the mail server is kept from others: starttls, tls (from the first byte, port 465), or none, for a server on this machine." enum:"starttls,tls,none" default:"starttls" env:"KOKOROE_MAIL_TLS"`
}

// mail returns the settings of the sender; the zero Config when there is none.
func (m mailServer) mail() (smtp.Config, error) {
	if m.MailServer == "" {
		if m.MailFrom != "" || m.MailUser != "" || m.MailPasswordFile != "" {
			return smtp.Config{}, errors.New("settings for mail without --mail-server")
		}
		return smtp.Config{}, nil
	}
	c := smtp.Config{Server: m.MailServer, From: m.MailFrom, User: m.MailUser, Security: smtp.Security(m.MailTLS)}
	if m.MailPasswordFile != "" {
		password, err := evidence.ReadSecret(m.MailPasswordFile)
		if err != nil {
			return smtp.Config{}, fmt.Errorf("--mail-password-file: %w", err)
		}
		c.Password = password
	}
	return c, nil
}
