// {{purpose}}

import { {{import}} } from "wasi:cli/environment@0.2.3";

import { line } from "./task.js";

// The interface wasi:cli/run, which the host calls.
export const run = {
  run() {
    const subject = {{subject}};
    if (!subject) {
      console.error("error: {{missing}}");
      throw undefined; // The container exits with 1.
    }
    console.log(line(subject));
  },
};
