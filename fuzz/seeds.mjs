// seeds.mjs CASES FOLDER: writes the inputs of the test corpus into FOLDER, one a file, for the fuzzer to start from.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const [cases, folder] = process.argv.slice(2);
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
JSON.parse(readFileSync(cases)).forEach(({ input, tokens = {} }, index) => {
    let text = typeof input === "string" ? input : JSON.stringify(input);
    for (const [name, { claims }] of Object.entries(tokens)) {
        text = text.replaceAll(`{{${name}}}`, `${part({ alg: "RS256" })}.${part(claims)}.c2ln`);
        writeFileSync(join(folder, `${basename(cases, ".json")}-${index}-${name}`), JSON.stringify(claims));
    }
    writeFileSync(join(folder, `${basename(cases, ".json")}-${index}`), text);
});
