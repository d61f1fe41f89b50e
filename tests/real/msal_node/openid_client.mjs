// openid-client at Microsoft's own host names: discovery, code with PKCE, a call, a refresh, UserInfo.
import { spawn } from "node:child_process";
import http from "node:http";
import * as client from "openid-client";

const redirect_uri = "http://localhost:8765/callback";
const authority = new URL("https://login.microsoftonline.com/contoso.example/v2.0");
const id = "11111111-1111-1111-1111-111111111111";
const configuration = await client.discovery(authority, id, undefined, client.None());
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const answered = new Promise((resolve) => {
    const server = http.createServer((request, response) => {
        response.end("signed in");
        server.close();
        resolve(new URL(request.url, redirect_uri));
    });
    server.listen(8765);
});
const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri,
    scope: "openid offline_access User.Read",
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
});
spawn("xdg-open", [url.href], { stdio: "ignore" });
const tokens = await client.authorizationCodeGrant(configuration, await answered, { pkceCodeVerifier, expectedState });
const me = new URL("https://graph.microsoft.com/v1.0/me");
const answer = await client.fetchProtectedResource(configuration, tokens.access_token, me, "GET");
console.error("call", answer.status);
const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token);
const user = await client.fetchUserInfo(configuration, refreshed.access_token, tokens.claims().sub);
console.error("user info", user.email);
