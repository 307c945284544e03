package provider

import (
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/crypto"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// LogoutToken returns what ends every session of the person with the number at
// a client, when it is posted there (OpenID Connect Back-Channel Logout 1.0). The
// provider posts none itself, since it keeps no sessions that could end.
func (p *Provider) LogoutToken(client, number string) (string, error) {
	key := p.storage.key
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: key.SignatureAlgorithm(), Key: jose.JSONWebKey{Key: key.Key(), KeyID: key.ID()}},
		(&jose.SignerOptions{}).WithType("logout+jwt"))
	if err != nil {
		return "", err
	}
	ahead := p.storage.ahead()
	return crypto.Sign(oidc.NewLogoutTokenClaims(p.issuer, p.storage.subjectOf(number), oidc.Audience{client},
		time.Now().Add(2*time.Minute-ahead), randomID(), "", ahead), signer)
}
