// MSAL for Node at Microsoft's own host names: sandbox.mjs [device] [browser].
import { spawn } from "node:child_process";
import { PublicClientApplication } from "@azure/msal-node";

const application = new PublicClientApplication({
    auth: {
        clientId: "11111111-1111-1111-1111-111111111111",
        authority: "https://login.microsoftonline.com/organizations",
    },
});
const scopes = ["User.Read"];
const me = async (token) =>
    (await fetch("https://graph.microsoft.com/v1.0/me", { headers: { authorization: `Bearer ${token}` } })).status;

const flows = {
    async device() {
        const first = await application.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: () => {} });
        console.error("device", await me(first.accessToken));
        const arm = ["https://management.azure.com/.default"];
        const second = await application.acquireTokenSilent({ account: first.account, scopes: arm });
        console.error("silent", second.accessToken.length > 100);
    },
    async browser() {
        const openBrowser = async (url) => void spawn("xdg-open", [url], { stdio: "ignore" });
        const answer = await application.acquireTokenInteractive({ scopes, openBrowser });
        console.error("browser", await me(answer.accessToken));
    },
};
for (const flow of process.argv.slice(2)) {
    await flows[flow]();
}
