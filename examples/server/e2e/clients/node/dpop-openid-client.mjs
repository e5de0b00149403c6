// A web application that uses the published openid-client with DPoP as its
// documentation shows it; harness.mjs tells how a test drives it. The option
// clock_skew has its clock be wrong by seconds, and push has it push its
// authorization request.
import * as client from "openid-client";

import { options, privateKey, refused, report, visit } from "./harness.mjs";

const clientAuth = {
  basic: () => client.ClientSecretBasic(options.client_secret),
  none: () => client.None(),
  key: () => client.PrivateKeyJwt(privateKey),
}[options.auth]();
const config = await client.discovery(
  new URL(options.issuer), options.client_id, { [client.clockSkew]: Number(options.clock_skew) }, clientAuth,
  { algorithm: "oauth2", execute: [client.allowInsecureRequests] }, // plain http on loopback
);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair(options.alg));

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const parameters = {
  redirect_uri: options.redirect_uri,
  scope: options.scope,
  state,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
};
// Either names the key that the code is bound to, or proves it with the pushed
// request.
const callback = await visit(options.push === "true"
  ? await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
  : client.buildAuthorizationUrl(config, { ...parameters, dpop_jkt: await DPoP.calculateThumbprint() }));
const tokens = await client.authorizationCodeGrant(
  config, callback, { pkceCodeVerifier: verifier, expectedState: state }, undefined, { DPoP },
);

const whoami = async (token) => {
  const response = await client.fetchProtectedResource(
    config, token, new URL(options.api + "?query=1"), "GET", undefined, undefined, { DPoP },
  );
  return response.json();
};

const steps = { token_type: tokens.token_type, stolen: await refused(tokens.access_token) };
steps.whoami = await whoami(tokens.access_token);

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
steps.rotated = refreshed.refresh_token !== tokens.refresh_token;
steps.whoami_refreshed = await whoami(refreshed.access_token);
steps.thumbprint = await DPoP.calculateThumbprint();
if (options.auth !== "none") {
  steps.introspection = await client.tokenIntrospection(config, refreshed.access_token);
}

await client.tokenRevocation(config, refreshed.refresh_token);
try {
  await whoami(refreshed.access_token);
} catch (error) {
  if (!(error instanceof client.WWWAuthenticateChallengeError)) throw error;
  steps.refused = error.cause.find((challenge) => challenge.parameters.error).parameters.error;
}
report(steps);
