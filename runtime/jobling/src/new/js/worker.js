// {{purpose}}

import { Queue } from "jobling:task/work-queue@0.1.0";
import { getArguments } from "wasi:cli/environment@0.2.3";

import { line } from "./task.js";

// So long it waits for another item before it ends.
const IDLE_MILLISECONDS = 1000;
// So long an item that failed is left alone.
const DELAY_MILLISECONDS = 1000;

// The interface wasi:cli/run, which the host calls.
export const run = {
  run() {
    const queue = Queue.open("{{name}}");
    for (const item of getArguments().slice(1)) {
      queue.push(new TextEncoder().encode(item));
    }
    for (;;) {
      const item = queue.reserve(IDLE_MILLISECONDS);
      if (!item) {
        return;
      }
      if (item.body.length === 0) {
        console.error("error: the item is empty");
        queue.nack(item.receipt, DELAY_MILLISECONDS);
      } else {
        console.log(line(new TextDecoder().decode(item.body)));
        queue.ack(item.receipt);
      }
    }
  },
};
