package fraiseql

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// validateTLS refuses half a pair of files.
func (o Options) validateTLS(fault func(string, ...any)) {
	switch {
	case o.TLSCertFile != "" && o.TLSKeyFile == "":
		fault("TLSCertFile is set without TLSKeyFile: name the file with the certificate's private key too, or leave both out")
	case o.TLSCertFile == "" && o.TLSKeyFile != "":
		fault("TLSKeyFile is set without TLSCertFile: name the file with the certificate too, or leave both out")
	}
}

// readCertificate reads the certificate and its key; nil when there is none.
func (o Options) readCertificate() (*tls.Certificate, error) {
	if o.TLSCertFile == "" {
		return nil, nil //nolint:nilnil // no certificate is a choice, not a fault
	}
	c, err := tls.LoadX509KeyPair(o.TLSCertFile, o.TLSKeyFile)
	if err != nil {
		return nil, fmt.Errorf("TLSCertFile and TLSKeyFile: %w", err)
	}
	return &c, nil
}

// tls is how the servers of Run and Serve encrypt; nil: they do not. A connection gets the certificate that was read last.
func (a *App) tls() *tls.Config {
	if a.o.TLSCertFile == "" {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := a.certificate.Load(); c != nil {
				return c, nil
			}
			return nil, errors.New("no certificate was read yet")
		},
	}
}
