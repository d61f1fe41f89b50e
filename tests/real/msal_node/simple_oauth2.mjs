// simple-oauth2 at Microsoft's own host names: a web application's code and refresh, and client credentials.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import http from "node:http";
import { AuthorizationCode, ClientCredentials } from "simple-oauth2";

const redirect_uri = "http://localhost:8768/callback";
const client = { id: "11111111-1111-1111-1111-111111111111", secret: "a~secret~of~the~application" };
const auth = { tokenHost: "https://login.microsoftonline.com", tokenPath: "/contoso.example/oauth2/v2.0/token" };
const authorizePath = "/contoso.example/oauth2/v2.0/authorize";
const flow = new AuthorizationCode({ client, auth: { ...auth, authorizePath } });
const state = randomBytes(16).toString("hex");
const address = flow.authorizeURL({ redirect_uri, scope: "offline_access User.Read", state });
const answer = await new Promise((resolve) => {
    const server = http.createServer((request, response) => {
        response.end("signed in");
        server.close();
        resolve(new URL(request.url, redirect_uri));
    });
    server.listen(8768, () => spawn("xdg-open", [address], { stdio: "ignore" }));
});
const token = await flow.getToken({ code: answer.searchParams.get("code"), redirect_uri, scope: "User.Read" });
const refreshed = await token.refresh();
const headers = { authorization: `Bearer ${refreshed.token.access_token}` };
console.error("call", (await fetch("https://graph.microsoft.com/v1.0/me", { headers })).status);
const application = new ClientCredentials({ client, auth });
const own = await application.getToken({ scope: "https://graph.microsoft.com/.default" });
console.error("application", own.token.access_token.length > 100);
