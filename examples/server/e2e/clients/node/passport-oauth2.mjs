// A web application that signs its users in with the published passport-oauth2,
// with state and PKCE kept in the session; harness.mjs tells how a test drives it.
import OAuth2Strategy from "passport-oauth2";

import { options, refused, report, visit, whoami } from "./harness.mjs";

const strategy = new OAuth2Strategy({
  authorizationURL: options.issuer + "/oauth/authorize",
  tokenURL: options.issuer + "/oauth/token",
  clientID: options.client_id,
  clientSecret: options.client_secret,
  callbackURL: options.redirect_uri,
  scope: options.scope.split(" "),
  state: true,
  pkce: true,
}, (accessToken, refreshToken, params, profile, done) => done(null, { accessToken, refreshToken, params }));

// What the passport middleware does with a strategy: one request, and what came of it.
const session = {};
const authenticate = (query) => new Promise((resolve, reject) => {
  const attempt = Object.create(strategy);
  attempt.redirect = resolve;
  attempt.success = resolve;
  attempt.fail = (challenge) => reject(new Error(`refused: ${JSON.stringify(challenge)}`));
  attempt.error = reject;
  attempt.authenticate({ query, session });
});

const callback = await visit(await authenticate({}));
const { accessToken, refreshToken, params } = await authenticate(Object.fromEntries(callback.searchParams));

const steps = { scope: params.scope, expires_in: params.expires_in };
steps.whoami = await whoami(accessToken);

// Refreshing is left to the client below the strategy, as the plugins for it do.
const refreshed = await new Promise((resolve, reject) => {
  strategy._oauth2.getOAuthAccessToken(refreshToken, { grant_type: "refresh_token" },
    (error, access, refresh) => error ? reject(new Error(JSON.stringify(error))) : resolve({ access, refresh }));
});
steps.rotated = refreshed.refresh !== refreshToken;
steps.whoami_refreshed = await whoami(refreshed.access);

// It knows no revocation; the application posts the form itself.
const revocation = await fetch(options.issuer + "/oauth/revoke", {
  method: "POST",
  body: new URLSearchParams({
    client_id: options.client_id,
    client_secret: options.client_secret,
    token: refreshed.refresh,
  }),
});
if (!revocation.ok) throw new Error(`revocation: ${revocation.status}`);
steps.refused = await refused(refreshed.access);
report(steps);
