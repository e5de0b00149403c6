// A web application that signs its users in with the published better-auth, by its
// plugin for any OAuth provider, which it finds by its metadata. It keeps everything in
// memory. harness.mjs tells how a test drives it.
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { signPrivateKeyJwtClientAssertion } from "better-auth/oauth2";
import { genericOAuth } from "better-auth/plugins";

import { options, report, visit, whoami } from "./harness.mjs";

const tokenEndpointAuth = {
  basic: { method: "client_secret_basic" },
  post: { method: "client_secret_post" },
  none: { method: "none" },
  key: {
    method: "private_key_jwt",
    getClientAssertion: ({ clientId }) => signPrivateKeyJwtClientAssertion({
      clientId,
      tokenEndpoint: options.issuer, // what it is told here becomes the audience
      privateKeyJwk: JSON.parse(options.key),
    }),
  },
}[options.auth];
const providerId = "oauthapps";
const auth = betterAuth({
  baseURL: new URL(options.redirect_uri).origin,
  secret: crypto.randomUUID() + crypto.randomUUID(),
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  plugins: [genericOAuth({
    config: [{
      providerId,
      discoveryUrl: options.issuer + "/.well-known/oauth-authorization-server",
      clientId: options.client_id,
      clientSecret: options.auth === "basic" || options.auth === "post" ? options.client_secret : undefined,
      tokenEndpointAuth,
      scopes: options.scope.split(" "),
      redirectURI: options.redirect_uri,
      getUserInfo: async ({ accessToken }) => {
        const { data } = await whoami(accessToken);
        return { id: data.user.id, email: data.user.email, emailVerified: true, name: data.user.email };
      },
    }],
  })],
});

// The cookies that the user's browser has of the application.
const cookies = new Map();
async function browse(path, init = {}) {
  const request = new Request(new URL(path, options.redirect_uri), init);
  request.headers.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
  const response = await auth.handler(request);
  for (const cookie of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
    cookies.set(name, value);
  }
  if (response.status >= 400) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}
const post = async (path, body) => (await browse(path, {
  method: "POST",
  headers: { "content-type": "application/json", origin: new URL(options.redirect_uri).origin },
  body: JSON.stringify(body),
})).json();

const { url } = await post("/api/auth/sign-in/social", { provider: providerId, callbackURL: "/signed-in", errorCallbackURL: "/failed" });
const answer = await browse(await visit(url));
const landed = new URL(answer.headers.get("location"), options.redirect_uri);
if (landed.pathname !== "/signed-in") throw new Error(`not signed in: ${landed}`);

// It keeps the tokens, and refreshes them for the application.
const [account] = await (await browse("/api/auth/list-accounts")).json();
const tokens = await post("/api/auth/get-access-token", { accountId: account.id });
const steps = { scope: account.scopes.join(" ") };
steps.expires_in = Math.round((new Date(tokens.accessTokenExpiresAt) - Date.now()) / 1000);
steps.whoami = await whoami(tokens.accessToken);
const session = await (await browse("/api/auth/get-session")).json();
if (session.user.email !== steps.whoami.data.user.email) throw new Error(`signed in as ${session.user.email}`);

const refreshed = await post("/api/auth/refresh-token", { accountId: account.id });
const again = await post("/api/auth/refresh-token", { accountId: account.id });
steps.rotated = again.refreshToken !== refreshed.refreshToken;
steps.whoami_refreshed = await whoami(again.accessToken);
report(steps);
