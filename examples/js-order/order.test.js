import assert from "node:assert/strict";
import test from "node:test";

import { priced } from "./order.js";

test("an order costs what its items cost", () => {
  const items = [
    { name: "tea", count: 2, cents: 350 },
    { name: "cup", count: 1, cents: 899 },
  ];
  assert.deepEqual(priced({ customer: "Ada", items }), { customer: "Ada", items: 2, cents: 1599 });
});

test("what is no order is refused", () => {
  assert.throws(() => priced(null), /it must be/);
});
