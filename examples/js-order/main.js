// Prices the order that the variable ORDER holds as JSON, and prints it as JSON.

import { getEnvironment } from "wasi:cli/environment@0.2.3";

import { priced } from "./order.js";

// The interface wasi:cli/run, which the host calls.
export const run = {
  run() {
    const environment = new Map(getEnvironment());
    try {
      console.log(JSON.stringify(priced(JSON.parse(environment.get("ORDER") ?? "null"))));
    } catch (error) {
      console.error(`error: ORDER: ${error.message}`);
      throw undefined; // The container exits with 1.
    }
  },
};
