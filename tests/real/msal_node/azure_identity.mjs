// azure-identity for Node at Microsoft's own host names: a device code, then a browser, and a second API with each.
import { DeviceCodeCredential, InteractiveBrowserCredential } from "@azure/identity";

const common = { clientId: "11111111-1111-1111-1111-111111111111", tenantId: "organizations" };
const credentials = {
    device: new DeviceCodeCredential({ ...common, userPromptCallback: () => {} }),
    browser: new InteractiveBrowserCredential({ ...common, redirectUri: "http://localhost:8769" }),
};
for (const [name, credential] of Object.entries(credentials)) {
    const graph = await credential.getToken("https://graph.microsoft.com/User.Read");
    const headers = { authorization: `Bearer ${graph.token}` };
    console.error(name, (await fetch("https://graph.microsoft.com/v1.0/me", { headers })).status);
    const vault = await credential.getToken("https://vault.azure.net/.default");
    console.error(name, "vault", vault.token.length > 100);
}
