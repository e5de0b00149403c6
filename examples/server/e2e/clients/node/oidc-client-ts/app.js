// A single-page application that uses the published oidc-client-ts: a public
// client, whose scripts call the server from another origin. Each step leaves
// what it gave on the page, as JSON, in an element with the step as its id; a
// failure is left as "error".
const { client_id, issuer } = await (await fetch("/config.json")).json();
const manager = new oidc.UserManager({
  authority: issuer,
  metadataUrl: issuer + "/.well-known/oauth-authorization-server",
  client_id,
  redirect_uri: location.origin + "/callback",
  popup_redirect_uri: location.origin + "/popup",
  scope: "read write",
  automaticSilentRenew: false,
});

async function step(name, action) {
  const output = document.createElement("output");
  try {
    output.textContent = JSON.stringify(await action() ?? null);
    output.id = name;
  } catch (error) {
    output.textContent = String(error);
    output.id = "error";
  }
  document.body.append(output);
}

const on = (id, action) => {
  document.getElementById(id).onclick = action;
};
on("sign-in", () => manager.signinRedirect().catch((error) => step("sign-in", () => Promise.reject(error))));
// It gives up where the pop-up looks closed, as it does to a page that is cut off from it.
on("sign-in-popup", () => step("signed-in", () => manager.signinPopup({ popupAbortOnClose: true })));
on("refresh", () => step("refreshed", () => manager.signinSilent()));
on("revoke", () => step("revoked", () => manager.revokeTokens()));

if (location.pathname === "/callback") {
  await step("signed-in", () => manager.signinRedirectCallback());
} else if (location.pathname === "/popup") {
  await manager.signinPopupCallback();
} else {
  await step("ready", () => null);
}
