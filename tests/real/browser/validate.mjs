// Says whether FILE is an HTTP archive as its schema has it: `node validate.mjs FILE`. Ends with 1 and the complaints when
// it is not.
import { readFileSync } from "node:fs";
import { har } from "har-validator";

const archive = JSON.parse(readFileSync(process.argv[2], "utf8"));
await har(archive).catch((error) => {
    console.error(JSON.stringify(error.errors));
    process.exit(1);
});
// A schema that takes anything would have taken it too.
delete archive.log.entries[0].request.method;
const broken = await har(archive).then(() => false, () => true);
if (!broken) {
    console.error("the schema misses nothing");
    process.exit(1);
}
