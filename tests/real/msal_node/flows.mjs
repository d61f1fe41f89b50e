// Every flow of MSAL for Node at the emulator: flows.mjs BASE FLOW [CERTIFICATE]. Prints one JSON object.
//
// BASE is the emulator's address, a known authority so that no instance discovery asks Microsoft. TLS is trusted by
// NODE_EXTRA_CA_CERTS. CERTIFICATE is a file with the members `key` and `certificate`.
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from "@azure/msal-node";

const [base, flow, certificate] = process.argv.slice(2);
const CLIENT = "11112222-3333-4444-8555-666677778888";
const API = "22222222-2222-4222-8222-222222222222";
const GRAPH = ["https://graph.microsoft.com/User.Read"];
const ARM = ["https://management.azure.com/user_impersonation"];
const REDIRECT = "http://localhost:1";

const auth = (clientId, more = {}) => ({
    auth: { clientId, authority: `${base}/contoso.example`, knownAuthorities: [new URL(base).host], ...more },
});
const open = (clientId = CLIENT, more) => new PublicClientApplication(auth(clientId, more));
const confidential = (credential) => new ConfidentialClientApplication(auth(API, credential));
const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

async function summary(work) {
    try {
        const result = await work;
        const found = claims(result.accessToken);
        return {
            aud: found.aud,
            user: found.upn ?? null,
            kind: found.idtyp ?? null,
            appidacr: found.appidacr,
            acrs: found.acrs ?? null,
            fromCache: result.fromCache,
        };
    } catch (error) {
        return { error: error.errorCode ?? String(error), text: error.errorMessage ?? "" };
    }
}

async function byCode(application, scopes) {
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const url = await application.getAuthCodeUrl({
        scopes,
        redirectUri: REDIRECT,
        codeChallenge: challenge,
        codeChallengeMethod: "S256",
        responseMode: "query",
    });
    const page = await fetch(url, { redirect: "manual" });
    const code = new URL(page.headers.get("location")).searchParams.get("code");
    return application.acquireTokenByCode({ code, scopes, redirectUri: REDIRECT, codeVerifier: verifier });
}

const me = (token) => fetch(`${base}/v1.0/me`, { headers: { authorization: `Bearer ${token}` } });

const flows = {
    async device() {
        const work = open().acquireTokenByDeviceCode({ scopes: GRAPH, deviceCodeCallback: () => {} });
        return { first: await summary(work) };
    },
    async code() {
        return { first: await summary(byCode(open(), GRAPH)) };
    },
    async silent() {
        const application = open();
        const { account } = await byCode(application, GRAPH);
        const silent = (scopes, forceRefresh = false) =>
            summary(application.acquireTokenSilent({ account, scopes, forceRefresh }));
        return {
            account: account.username,
            cached: await silent(GRAPH),
            refreshed: await silent(GRAPH, true),
            second_resource: await silent(ARM),
        };
    },
    async secret() {
        const scopes = ["https://graph.microsoft.com/.default"];
        const ask = (clientSecret) =>
            summary(confidential({ clientSecret }).acquireTokenByClientCredential({ scopes }));
        return { first: await ask("a~secret"), wrong: await ask("wrong") };
    },
    async certificate() {
        const made = JSON.parse(readFileSync(certificate));
        const der = new X509Certificate(made.certificate).raw;
        const clientCertificate = {
            thumbprintSha256: createHash("sha256").update(der).digest("hex"),
            privateKey: made.key,
            x5c: made.certificate,
        };
        const scopes = ["https://vault.azure.net/.default"];
        const work = confidential({ clientCertificate }).acquireTokenByClientCredential({ scopes });
        return { first: await summary(work) };
    },
    async on_behalf_of() {
        const front = await byCode(open(), [`api://${API}/Orders.Read`]);
        const other = await byCode(open(), GRAPH);
        const application = confidential({ clientSecret: "a~secret" });
        const act = (oboAssertion) => summary(application.acquireTokenOnBehalfOf({ oboAssertion, scopes: GRAPH }));
        return { first: await act(front.accessToken), other_audience: await act(other.accessToken) };
    },
    async password() {
        const ask = (password) =>
            summary(open().acquireTokenByUsernamePassword({ scopes: GRAPH, username: "ada@contoso.example", password }));
        return { first: await ask("any password"), wrong: await ask("wrong") };
    },
    async challenge() {
        // The scenario `claims-challenge`: Graph refuses a token until its claims are asked for.
        const application = open("e1a7a000-0000-4000-8000-000000000038", { clientCapabilities: ["CP1"] });
        const first = await byCode(application, GRAPH);
        const refused = await me(first.accessToken);
        const asked = /claims="([^"]+)"/.exec(refused.headers.get("www-authenticate"))[1];
        const second = application.acquireTokenSilent({
            account: first.account,
            scopes: GRAPH,
            claims: Buffer.from(asked, "base64").toString(),
        });
        return {
            refused: refused.status,
            first: await summary(second),
            me: (await me((await second).accessToken)).status,
        };
    },
};
console.log(JSON.stringify(await flows[flow]()));
