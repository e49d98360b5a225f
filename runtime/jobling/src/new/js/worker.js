// {{purpose}}

import { Queue } from "jobling:task/work-queue@0.1.0";
import { getArguments } from "wasi:cli/environment@0.2.3";

import { line } from "./task.js";

// So long it waits for another item before it ends.
const IDLE_MILLISECONDS = 1000;
// So long an item that failed is left alone: less, so that it comes again while somebody waits.
const DELAY_MILLISECONDS = 100;

// The interface wasi:cli/run, which the host calls.
export const run = {
  run() {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const queue = Queue.open("{{name}}");
    for (const item of getArguments().slice(1)) {
      queue.push(new TextEncoder().encode(item));
    }
    for (;;) {
      const item = queue.reserve(IDLE_MILLISECONDS);
      if (!item) {
        return;
      }
      try {
        console.log(line(decoder.decode(item.body)));
      } catch (failure) {
        console.error(`error: ${failure.message}`);
        queue.nack(item.receipt, DELAY_MILLISECONDS);
        continue;
      }
      queue.ack(item.receipt);
    }
  },
};
