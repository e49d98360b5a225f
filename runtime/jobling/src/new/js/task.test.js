import assert from "node:assert/strict";
import test from "node:test";

import { line } from "./task.js";

test("the line is about its subject", () => {
  assert.equal(line("{{example}}"), "{{before}}{{example}}{{after}}");
});
